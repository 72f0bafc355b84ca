using System.Text;

namespace Lumos.SystemTests;

/// <summary>A test of hardware virtual machines: the tiny guest, and what it says on its first serial port.</summary>
public abstract class MachineTest(Suite suite) : LiveTest(suite)
{
    /// <summary>The tiny guest's image, installed.</summary>
    protected Guid TinyImage()
    {
        var image = Suite.ImageUuid("tiny");
        Zone.UseImageSource(Suite.ImageUrl);
        Zone.ImportImage(image);
        return image;
    }

    /// <summary>Waits until the guest is up, for the given time by its own count; returns the facts that it tells.</summary>
    protected string Ready(Guid vm, int? boots = null)
    {
        string line = "", start = "tiny: ready " + (boots is null ? "" : $"boots={boots} ");
        WaitForGuest(() => (line = Console(vm).Split('\n').LastOrDefault(one => one.StartsWith(start, StringComparison.Ordinal)) ?? "").Contains("firmware=", StringComparison.Ordinal));
        return line;
    }

    /// <summary>Waits until a line of these words is on its first serial port.</summary>
    protected void WaitForLine(Guid vm, string words) => WaitForGuest(() => Console(vm).Contains(words, StringComparison.Ordinal));

    /// <summary>What appeared on the first serial port: the log's lines are TIME STREAM F|P TEXT.</summary>
    protected string Console(Guid vm)
    {
        var text = new StringBuilder();
        foreach (string[] parts in Zone.Run("cat", $"/zones/{vm}/logs/console.log").Output.Split('\n').Select(line => line.Split(' ', 4)).Where(parts => parts.Length == 4))
        {
            text.Append(parts[3].TrimEnd('\r')).Append(parts[2] == "F" ? "\n" : "");
        }
        return text.ToString();
    }

    // Twice the patience: where this machine's processor is emulated, its guest's is emulated by an emulated one.
    private void WaitForGuest(Func<bool> isThere) => Zone.WaitFor("the guest", 2 * Suite.Patient(60), isThere);
}
