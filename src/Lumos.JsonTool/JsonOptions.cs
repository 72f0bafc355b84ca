using Lumos.Cli;
using Lumos.Core;
using Lumos.JsonTool.Model;
using Lumos.JsonTool.Output;

namespace Lumos.JsonTool;

/// <summary>The command line of json.</summary>
internal sealed record JsonOptions
{
    internal bool Help { get; private init; }

    internal bool Version { get; private init; }

    internal bool Quiet { get; private init; }

    internal IReadOnlyList<string> Files { get; private init; } = [];

    internal bool InPlace { get; private init; }

    internal bool DropHeaders { get; private init; }

    internal bool Group { get; private init; }

    internal bool Merge { get; private init; }

    internal bool DeepMerge { get; private init; }

    internal bool Items { get; private init; }

    internal bool Table { get; private init; }

    /// <summary>Code runs on a list as a whole (-A), not on each of its elements.</summary>
    internal bool ListAsWhole { get; private init; }

    /// <summary>What stands between the columns of a table.</summary>
    internal string Delimiter { get; private init; } = " ";

    /// <summary>JavaScript to run on the input, in its order.</summary>
    internal IReadOnlyList<string> Run { get; private init; } = [];

    /// <summary>JavaScript that says what stays, run after all of <see cref="Run"/>.</summary>
    internal IReadOnlyList<string> Keep { get; private init; } = [];

    internal bool Keys { get; private init; }

    internal bool Validate { get; private init; }

    internal OutputMode Mode { get; private init; } = OutputMode.Default;

    internal IReadOnlyList<Lookup> Lookups { get; private init; } = [];

    /// <summary>Each object is worked on as it comes; JSON output is one list and has to wait for all of it.</summary>
    internal bool Streams => Group && Table && !Validate && !InPlace && Mode.Form != OutputForm.Json;

    /// <exception cref="LumosException">Status 1, as SmartOS's tool has it for a wrong command line too.</exception>
    internal static JsonOptions Parse(IReadOnlyList<string> words)
    {
        var args = Declared().Parse(words);
        var options = new JsonOptions
        {
            Help = args.Has('h'),
            Version = args.Has("version"),
            Quiet = args.Has('q'),
            Files = args.GetAll('f'),
            InPlace = args.Has('I'),
            DropHeaders = args.Has('H'),
            Group = args.Has('g'),
            Merge = args.Has("merge"),
            DeepMerge = args.Has("deep-merge"),
            Items = args.Has('M'),
            Table = args.Has('a'),
            ListAsWhole = args.Has('A'),
            Delimiter = args.Get('d') is { } delimiter ? Unescape(delimiter) : " ",
            Run = Code(args, "e", "E"),
            Keep = Code(args, "c", "C"),
            Keys = args.Has('k'),
            Validate = args.Has('n'),
            Mode = ModeOf(args),
            Lookups = LookupsOf(args),
        };
        return options.Help || options.Version ? options : Checked(options);
    }

    private static ArgParser Declared() => new ArgParser()
        .Flag('h', "help").Flag("version").Flag('q', "quiet").Value('f').Flag('I', "in-place").Flag('H')
        .Flag('g', "group").Flag("merge").Flag("deep-merge").Flag('M', "items").Flag('a', "array").Flag('A').Value('d')
        .Value('e').Value('E').Value('c').Value('C').Value('D').Flag('k', "keys").Flag('n', "validate")
        .Value('o', "output").Flag('i').Flag('j').Flag('0').Flag('2').Flag('4');

    private static JsonOptions Checked(JsonOptions options)
    {
        if (options.InPlace && options.Files.Count != 1)
        {
            throw Wrong("must specify exactly one file with \"-f FILE\" to use -I/--in-place");
        }
        if (options.InPlace && options.Lookups.Count > 0)
        {
            throw Wrong("lookups cannot be specified with in-place editing (-I/--in-place), too easy to lose content");
        }
        if (options.InPlace && options.Files[0] == "-")
        {
            throw Wrong("standard input cannot be edited in place");
        }
        if (options.Keys && options.Lookups.Count > 0)
        {
            throw Wrong("cannot use -k|--keys option and lookup arguments together");
        }
        return options.Group && (options.Merge || options.DeepMerge)
            ? throw Wrong("cannot use -g|--group and --merge or --deep-merge options together")
            : options;
    }

    private static List<Lookup> LookupsOf(ParsedArgs args)
    {
        string delimiter = args.Get('D') ?? ".";
        if (delimiter.Length != 1)
        {
            throw Wrong($"invalid lookup delim \"{delimiter}\" (must be a single char)");
        }
        return [.. args.Operands.Select(operand => Lookup.Parse(operand, delimiter[0]))];
    }

    /// <summary>The values of an option and its older name, in their order on the command line.</summary>
    private static IReadOnlyList<string> Code(ParsedArgs args, string name, string older) =>
        [.. args.Given.Where(given => given.Name == name || given.Name == older).Select(given => given.Value!)];

    /// <summary>The last that names a form counts, and the last of -0, -2, -4 over what the form says of indents.</summary>
    private static OutputMode ModeOf(ParsedArgs args)
    {
        var mode = OutputMode.Default;
        string? indent = null;
        foreach (var (name, value) in args.Given)
        {
            (mode, indent) = name switch
            {
                "o" => (OutputMode.Parse(value!), indent),
                "i" => (OutputMode.Parse("inspect"), indent),
                "j" => (OutputMode.Parse("json"), indent),
                "0" or "2" or "4" => (mode, OutputMode.Spaces(name[0] - '0')),
                _ => (mode, indent),
            };
        }
        return indent is null ? mode : mode with { Indent = indent };
    }

    /// <summary>A delimiter with JSON's escapes; a quotation mark may stand as it is.</summary>
    private static string Unescape(string delimiter)
    {
        if (!delimiter.Contains('\\'))
        {
            return delimiter;
        }
        try
        {
            return ((JsonString)JsonReader.ReadAll($"\"{delimiter.Replace("\"", "\\\"", StringComparison.Ordinal)}\"")).Value;
        }
        catch (SyntaxFault)
        {
            throw Wrong($"could not parse delim \"{delimiter}\": escapes are those of JSON, such as \\t and \\u0000");
        }
    }

    private static LumosException Wrong(string sentence) => new("Usage", sentence);
}
