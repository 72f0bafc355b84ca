using System.Diagnostics.CodeAnalysis;
using Lumos.Core;

namespace Lumos.Cli;

/// <summary>
/// Reads a command line as getopt(3C) does for SmartOS's tools: short options may be bundled (-Hp) and carry their value
/// in the same word or the next (-ofield, -o field); long options are --name, --name=value or --name value; "--" ends
/// the options. An unknown option or a missing value is a <see cref="UsageException"/> (exit status 2).
/// </summary>
/// <remarks>
/// Declare what there is, then parse:
/// <code>var args = new ArgParser().Flag('H').Flag('j', "json").Value('o').Parse(context.Args);</code>
/// </remarks>
public sealed class ArgParser
{
    private readonly List<Option> _options = [];
    private bool _stopAtOperand;

    /// <summary>An option without a value; either name may be missing ('\0', null).</summary>
    public ArgParser Flag(char shortName, string? longName = null) => Add(shortName, longName, false);

    /// <inheritdoc cref="Flag(char, string?)"/>
    public ArgParser Flag(string longName) => Add('\0', longName, false);

    /// <summary>An option with a value; may be given many times.</summary>
    public ArgParser Value(char shortName, string? longName = null) => Add(shortName, longName, true);

    /// <inheritdoc cref="Value(char, string?)"/>
    public ArgParser Value(string longName) => Add('\0', longName, true);

    /// <summary>
    /// Options end at the first operand, as getopt(3C) has it: for commands whose operands are another command's words
    /// (zlogin UUID ls -l). Without this, options may follow operands.
    /// </summary>
    public ArgParser StopAtFirstOperand()
    {
        _stopAtOperand = true;
        return this;
    }

    /// <summary>All options as they are typed: -f, --file.</summary>
    public IEnumerable<string> Names => _options.SelectMany(option =>
        new[] { option.ShortName == '\0' ? null : $"-{option.ShortName}", option.LongName is null ? null : $"--{option.LongName}" }.OfType<string>());

    public ParsedArgs Parse(IEnumerable<string> words)
    {
        var found = new List<(string Key, string? Value)>();
        var operands = new List<string>();
        var rest = new Queue<string>(words);
        while (rest.TryDequeue(out string? word))
        {
            if (word == "--")
            {
                operands.AddRange(rest);
                break;
            }
            if (word.StartsWith("--", StringComparison.Ordinal))
            {
                ParseLong(word, rest, found);
            }
            else if (word.Length > 1 && word[0] == '-')
            {
                ParseBundle(word, rest, found);
            }
            else
            {
                operands.Add(word);
                if (_stopAtOperand)
                {
                    operands.AddRange(rest);
                    break;
                }
            }
        }
        return new ParsedArgs([.. _options.Select(o => (o.ShortName, o.LongName))], found, operands);
    }

    private ArgParser Add(char shortName, string? longName, bool takesValue)
    {
        _options.Add(new Option(shortName, longName, takesValue));
        return this;
    }

    private void ParseLong(string word, Queue<string> rest, List<(string, string?)> found)
    {
        int equals = word.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? word[2..] : word[2..equals];
        var option = _options.Find(o => o.LongName == name) ?? throw new UsageException($"unknown option --{name}");
        if (!option.TakesValue)
        {
            found.Add((option.Key, equals < 0 ? null : throw new UsageException($"option --{name} takes no value")));
        }
        else if (equals >= 0)
        {
            found.Add((option.Key, word[(equals + 1)..]));
        }
        else
        {
            found.Add((option.Key, rest.TryDequeue(out string? value) ? value : throw Missing($"--{name}")));
        }
    }

    private void ParseBundle(string word, Queue<string> rest, List<(string, string?)> found)
    {
        for (int i = 1; i < word.Length; i++)
        {
            char name = word[i];
            var option = _options.Find(o => o.ShortName == name && name != '\0')
                ?? throw new UsageException($"unknown option -{name}");
            if (!option.TakesValue)
            {
                found.Add((option.Key, null));
                continue;
            }
            string? value = i + 1 < word.Length ? word[(i + 1)..] : rest.TryDequeue(out string? next) ? next : null;
            found.Add((option.Key, value ?? throw Missing($"-{name}")));
            return;
        }
    }

    private static UsageException Missing(string option) => new($"option {option} needs a value");

    private sealed record Option(char ShortName, string? LongName, bool TakesValue)
    {
        internal string Key => ShortName != '\0' ? ShortName.ToString() : LongName!;
    }
}

/// <summary>A command line that has been read. Options are asked for by either of their names.</summary>
public sealed class ParsedArgs
{
    private readonly IReadOnlyList<(char ShortName, string? LongName)> _declared;
    private readonly List<(string Name, string? Value)> _found;

    internal ParsedArgs(
        IReadOnlyList<(char ShortName, string? LongName)> declared, List<(string Name, string? Value)> found, List<string> operands)
    {
        _declared = declared;
        _found = found;
        Operands = operands;
    }

    /// <summary>The words that are not options, in their order.</summary>
    public IReadOnlyList<string> Operands { get; }

    /// <summary>All options in the order in which they were given, each by its short name if it has one.</summary>
    public IReadOnlyList<(string Name, string? Value)> Given => _found;

    public bool Has(char name) => Has(name.ToString());

    public bool Has(string name)
    {
        string key = Key(name);
        return _found.Exists(f => f.Name == key);
    }

    /// <summary>How many times the option was given (-vv: 2).</summary>
    public int Count(char name)
    {
        string key = Key(name.ToString());
        return _found.Count(f => f.Name == key);
    }

    /// <summary>The last value given, or null.</summary>
    public string? Get(char name) => Get(name.ToString());

    /// <inheritdoc cref="Get(char)"/>
    public string? Get(string name) => GetAll(name) is [.., var last] ? last : null;

    /// <summary>All values given, in their order.</summary>
    public IReadOnlyList<string> GetAll(char name) => GetAll(name.ToString());

    /// <inheritdoc cref="GetAll(char)"/>
    public IReadOnlyList<string> GetAll(string name)
    {
        string key = Key(name);
        return [.. _found.Where(f => f.Name == key).Select(f => f.Value!)];
    }

    /// <summary>Refuses more or fewer operands than the command takes.</summary>
    /// <exception cref="UsageException">Always names what is missing or too much.</exception>
    public ParsedArgs Expect(int least, int most = int.MaxValue, string what = "argument")
    {
        if (Operands.Count < least)
        {
            throw new UsageException($"missing {what}");
        }
        return Operands.Count <= most ? this : throw new UsageException($"unexpected argument \"{Operands[most]}\"");
    }

    /// <summary>The operand at a place, if that many were given.</summary>
    public bool TryOperand(int index, [NotNullWhen(true)] out string? operand)
    {
        operand = index < Operands.Count ? Operands[index] : null;
        return operand is not null;
    }

    private string Key(string name)
    {
        foreach (var (shortName, longName) in _declared)
        {
            string key = shortName != '\0' ? shortName.ToString() : longName!;
            if (key == name || longName == name)
            {
                return key;
            }
        }
        throw new ArgumentException($"the command declares no option {name}", nameof(name));
    }
}
