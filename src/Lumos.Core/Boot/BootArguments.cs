using System.Text;

namespace Lumos.Core.Boot;

/// <summary>
/// The words the machine was booted with (/proc/cmdline), such as <c>noimport=true</c>. A value may be quoted as the kernel
/// allows (<c>key="a b"</c> or <c>"key=a b"</c>); a word without "=" has the value "true"; of repeated keys the last
/// counts, as the kernel has it. What follows a lone <c>--</c> is for PID 1 and not ours.
/// </summary>
public sealed class BootArguments
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly List<KeyValuePair<string, string>> _inOrder = [];

    private BootArguments(string line) => Line = line;

    /// <summary>The line as the kernel was given it.</summary>
    public string Line { get; }

    /// <summary>Every key and value in the order given.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> All => _inOrder;

    /// <summary>The value, or null when the key was not given.</summary>
    public string? this[string key] => _values.GetValueOrDefault(key);

    /// <summary>Whether the key was given as true (bare, "true", "yes" or "1").</summary>
    public bool IsTrue(string key) => this[key] is "true" or "yes" or "1";

    /// <summary>Boot without touching any pool: the rescue entry of the menu.</summary>
    public bool NoImport => IsTrue("noimport");

    public static BootArguments Parse(string line)
    {
        var arguments = new BootArguments(line.Trim());
        foreach (string word in Words(arguments.Line).TakeWhile(w => w != "--"))
        {
            int equals = word.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? word : word[..equals];
            string value = equals < 0 ? "true" : word[(equals + 1)..];
            arguments._values[key] = value;
            arguments._inOrder.Add(new(key, value));
        }
        return arguments;
    }

    private static IEnumerable<string> Words(string line)
    {
        var word = new StringBuilder();
        bool quoted = false, any = false;
        foreach (char c in line)
        {
            if (c == '"')
            {
                quoted = !quoted;
                any = true;
            }
            else if (char.IsWhiteSpace(c) && !quoted)
            {
                if (any)
                {
                    yield return word.ToString();
                }
                word.Clear();
                any = false;
            }
            else
            {
                word.Append(c);
                any = true;
            }
        }
        if (any)
        {
            yield return word.ToString();
        }
    }
}
