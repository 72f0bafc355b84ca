using System.Collections.Immutable;

namespace Lumos.Zones.Configure;

/// <summary>zonecfg's subcommands.</summary>
public enum ConfigVerb
{
    Add,
    Cancel,
    Clear,
    Commit,
    Create,
    Delete,
    End,
    Exit,
    Export,
    Help,
    Info,
    Remove,
    Revert,
    Select,
    Set,
    Verify,
}

/// <summary>The value of a property.</summary>
public abstract record ConfigValue
{
    /// <summary>One text.</summary>
    public sealed record Simple(string Text, bool Quoted = false) : ConfigValue;

    /// <summary><c>(name=value,name=value)</c>.</summary>
    public sealed record Complex(ImmutableArray<KeyValuePair<string, string>> Pairs) : ConfigValue;

    /// <summary><c>[value,value]</c>; its items are simple or complex.</summary>
    public sealed record Many(ImmutableArray<ConfigValue> Items) : ConfigValue;
}

/// <summary>A subcommand as it was given, its words in order; whether they make sense is for the editor.</summary>
/// <param name="Line">Where it began, counted from 1.</param>
/// <param name="Options">The letters of its options (<c>-F</c>, <c>-t web</c>), each with its value.</param>
/// <param name="Operands">What stands by itself.</param>
/// <param name="Pairs">What stands as <c>name=value</c>.</param>
public sealed record ConfigCommand(
    ConfigVerb Verb,
    int Line,
    ImmutableArray<KeyValuePair<char, string>> Options,
    ImmutableArray<ConfigValue> Operands,
    ImmutableArray<KeyValuePair<string, ConfigValue>> Pairs)
{
    public bool Has(char option) => Options.Any(o => o.Key == option);

    public string? Option(char option) => Options.Where(o => o.Key == option).Select(o => o.Value).LastOrDefault();

    /// <summary>The operand at a place as a word; null: there is none, or it is no word.</summary>
    public string? Word(int place) => place < Operands.Length && Operands[place] is ConfigValue.Simple simple ? simple.Text : null;
}
