namespace Lumos.Init;

/// <summary>The kernel's command line: words, and NAME=VALUE pairs, of which the last counts.</summary>
internal sealed class BootArguments(string text)
{
    private readonly string[] _words = text.Split((char[])[' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries);

    internal static BootArguments Read() => new(File.ReadAllText("/proc/cmdline"));

    internal string? Value(string name)
    {
        string prefix = name + "=";
        return _words.LastOrDefault(w => w.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..] is { Length: > 0 } value
            ? value.Trim('"')
            : null;
    }
}
