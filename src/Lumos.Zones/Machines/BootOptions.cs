using Lumos.Core;

namespace Lumos.Zones.Machines;

/// <summary>What the firmware tries, as the property boot and the words of <c>vmadm start</c> say it.</summary>
/// <param name="Order">One letter each, the first first: c the disk that boots, d drives with media, n NICs.</param>
/// <param name="Once">The same until the guest restarts for the first time; null: as always.</param>
public sealed record BootOptions(string Order, string? Once)
{
    /// <summary>What a machine that is started tries.</summary>
    public string First => Once ?? Order;

    /// <summary>What it tries once its guest has restarted; null: the same.</summary>
    public string? Later => Once is null ? null : Order;

    private const string Letters = "cdn";

    /// <summary>order=cd, once=d, both with a comma between them.</summary>
    /// <exception cref="LumosException">BadBootOrder.</exception>
    public static BootOptions Parse(string text)
    {
        var options = new BootOptions(MachineSpec.DefaultBootOrder, null);
        foreach (string word in text.Split(','))
        {
            options = word.Split('=', 2) switch
            {
                ["order", var letters] => options with { Order = Checked(letters, text) },
                ["once", var letters] => options with { Once = Checked(letters, text) },
                _ => throw Bad(text, $"\"{word}\" is neither order= nor once="),
            };
        }
        return options;
    }

    private static string Checked(string letters, string text) => letters.Length == 0 || letters.Distinct().Count() != letters.Length
        ? throw Bad(text, "letters follow, each once")
        : letters.FirstOrDefault(letter => !Letters.Contains(letter)) is var unknown and not '\0'
        ? throw Bad(text, $"'{unknown}' is none of c (the disk that boots), d (drives with media) and n (NICs)")
        : letters;

    private static LumosException Bad(string text, string why) => new("BadBootOrder", $"\"{text}\" is no order of boot: {why}");
}
