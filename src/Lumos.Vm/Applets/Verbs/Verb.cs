using Lumos.Cli;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>
/// One thing vmadm does. Dispatch, the usage text and shell completion are derived from these; a new verb is a file here and a
/// line in <see cref="VerbTable"/>.
/// </summary>
/// <param name="Name">As a user types it.</param>
/// <param name="Usage">One line for each form, without "vmadm".</param>
/// <param name="Options">Declares the options; the words are parsed by it before <paramref name="Run"/> is called.</param>
/// <param name="Run">Does it, and returns the exit status.</param>
internal sealed record Verb(string Name, string[] Usage, Func<ArgParser, ArgParser> Options, Func<VerbContext, ParsedArgs, int> Run)
{
    /// <summary>Other names of the same verb.</summary>
    internal string[] Aliases { get; init; } = [];

    /// <summary>It changes something: each run of it leaves a log, and takes --json-result.</summary>
    internal bool Changes { get; init; }

    /// <summary>What a run of it leaves half done, vmadmd finishes or takes back.</summary>
    internal bool IsSettled { get; init; }

    /// <summary>Its data is on stdout, where no result can stand: no --json-result.</summary>
    internal bool WritesData { get; init; }

    /// <summary>For verbs whose words are not getopt's (<c>kill -9</c>): gets them as they are, in the place of options and Run.</summary>
    internal Func<VerbContext, IReadOnlyList<string>, int>? RunWords { get; init; }

    internal bool IsCalled(string name) => name == Name || Aliases.Contains(name);

    /// <summary>For verbs without options of their own.</summary>
    internal static ArgParser NoOptions(ArgParser parser) => parser;
}
