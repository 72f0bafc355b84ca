using Lumos.Core;

namespace Lumos.Zones.Configure;

/// <summary>What was typed, or stands in a file of commands, is not zonecfg's language.</summary>
public sealed class ConfigSyntaxException(int line, string what) : LumosException("ConfigSyntax", what)
{
    /// <summary>Counted from 1.</summary>
    public int Line { get; } = line;
}
