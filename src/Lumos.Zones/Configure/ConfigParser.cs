using System.Collections.Immutable;

namespace Lumos.Zones.Configure;

/// <summary>Makes subcommands of tokens. Pure; scopes mean nothing to it.</summary>
public static class ConfigParser
{
    /// <summary>All subcommands of a text.</summary>
    /// <exception cref="ConfigSyntaxException">The first thing that is not zonecfg's language.</exception>
    public static ImmutableArray<ConfigCommand> Parse(string text)
    {
        var commands = ImmutableArray.CreateBuilder<ConfigCommand>();
        var tokens = new Queue<ConfigToken>(ConfigLexer.Cut(text));
        while (tokens.TryDequeue(out var first))
        {
            if (first.Kind != ConfigTokenKind.End)
            {
                commands.Add(Command(first, tokens));
            }
        }
        return commands.ToImmutable();
    }

    /// <summary>The verb of that name; null: none has it.</summary>
    public static ConfigVerb? Verb(string name)
    {
        if (name == "?")
        {
            return ConfigVerb.Help;
        }
        foreach (var verb in Enum.GetValues<ConfigVerb>())
        {
            if (verb.ToString().Equals(name, StringComparison.OrdinalIgnoreCase) && !name.Any(char.IsAsciiLetterUpper))
            {
                return verb;
            }
        }
        return null;
    }

    private static ConfigCommand Command(ConfigToken first, Queue<ConfigToken> tokens)
    {
        if (first.Kind != ConfigTokenKind.Word || first.Quoted || Verb(first.Text) is not { } verb)
        {
            throw Unexpected(first);
        }
        var options = ImmutableArray.CreateBuilder<KeyValuePair<char, string>>();
        var operands = ImmutableArray.CreateBuilder<ConfigValue>();
        var pairs = ImmutableArray.CreateBuilder<KeyValuePair<string, ConfigValue>>();
        string takeValue = verb switch { ConfigVerb.Create => "at", ConfigVerb.Export => "f", _ => "" };
        for (var token = tokens.Dequeue(); token.Kind != ConfigTokenKind.End; token = tokens.Dequeue())
        {
            if (token is { Kind: ConfigTokenKind.Word, Quoted: false, Text: ['-', _, ..] } && operands.Count == 0)
            {
                ReadOptions(token, takeValue, tokens, options);
            }
            else if (token.Kind == ConfigTokenKind.Word && tokens.Peek().Kind == ConfigTokenKind.Equal)
            {
                tokens.Dequeue();
                pairs.Add(KeyValuePair.Create(token.Text, Value(tokens.Dequeue(), tokens)));
            }
            else
            {
                operands.Add(Value(token, tokens));
            }
        }
        return new ConfigCommand(verb, first.Line, options.ToImmutable(), operands.ToImmutable(), pairs.ToImmutable());
    }

    // As getopt(3C): letters may be bundled, a value follows in the same word or the next.
    private static void ReadOptions(
        ConfigToken word, string takeValue, Queue<ConfigToken> tokens, ImmutableArray<KeyValuePair<char, string>>.Builder options)
    {
        for (int i = 1; i < word.Text.Length; i++)
        {
            char letter = word.Text[i];
            if (!takeValue.Contains(letter))
            {
                options.Add(KeyValuePair.Create(letter, ""));
                continue;
            }
            string value = i + 1 < word.Text.Length ? word.Text[(i + 1)..] : Expect(ConfigTokenKind.Word, tokens).Text;
            options.Add(KeyValuePair.Create(letter, value));
            return;
        }
    }

    private static ConfigValue Value(ConfigToken token, Queue<ConfigToken> tokens)
    {
        if (token.Kind != ConfigTokenKind.OpenList)
        {
            return Item(token, tokens);
        }
        var items = ImmutableArray.CreateBuilder<ConfigValue>();
        var next = tokens.Dequeue();
        if (next.Kind == ConfigTokenKind.CloseList)
        {
            return new ConfigValue.Many([]);
        }
        while (true)
        {
            items.Add(Item(next, tokens));
            var sign = tokens.Dequeue();
            if (sign.Kind == ConfigTokenKind.CloseList)
            {
                return new ConfigValue.Many(items.ToImmutable());
            }
            next = sign.Kind == ConfigTokenKind.Comma ? tokens.Dequeue() : throw Unexpected(sign);
        }
    }

    private static ConfigValue Item(ConfigToken token, Queue<ConfigToken> tokens)
    {
        if (token.Kind == ConfigTokenKind.Word)
        {
            return new ConfigValue.Simple(token.Text, token.Quoted);
        }
        if (token.Kind != ConfigTokenKind.OpenComplex)
        {
            throw Unexpected(token);
        }
        var pairs = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>();
        while (true)
        {
            var name = Expect(ConfigTokenKind.Word, tokens);
            Expect(ConfigTokenKind.Equal, tokens);
            if (pairs.Any(p => p.Key == name.Text))
            {
                throw new ConfigSyntaxException(name.Line, $"\"{name.Text}\" is given twice in one value");
            }
            pairs.Add(KeyValuePair.Create(name.Text, Expect(ConfigTokenKind.Word, tokens).Text));
            var sign = tokens.Dequeue();
            if (sign.Kind == ConfigTokenKind.CloseComplex)
            {
                return new ConfigValue.Complex(pairs.ToImmutable());
            }
            if (sign.Kind != ConfigTokenKind.Comma)
            {
                throw Unexpected(sign);
            }
        }
    }

    private static ConfigToken Expect(ConfigTokenKind kind, Queue<ConfigToken> tokens)
    {
        var token = tokens.Dequeue();
        return token.Kind == kind ? token : throw Unexpected(token);
    }

    private static ConfigSyntaxException Unexpected(ConfigToken token) =>
        new(token.Line, $"syntax error at '{(token is { Kind: ConfigTokenKind.End, Text: not ";" } ? "\\n" : token.Text)}'");
}
