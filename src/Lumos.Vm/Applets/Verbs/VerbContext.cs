using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Host;
using Lumos.Vm.Payload;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>What a verb acts through: the process's streams, the machine, and what verbs share.</summary>
internal sealed class VerbContext(AppletContext applet, Func<Action<string>, VmHost> open)
{
    private VmHost? _machine;

    internal AppletContext Applet => applet;

    internal TextWriter Out => applet.Out;

    internal TextWriter Error => applet.Error;

    /// <summary>Opened at its first use: usage and payload faults come before the machine is looked at.</summary>
    internal VmHost Machine => _machine ??= open(applet.Error.WriteLine);

    /// <summary>A status line, on stderr as SmartOS's scripts expect.</summary>
    internal int Say(string message)
    {
        applet.Error.WriteLine(message);
        return ExitStatus.Success;
    }

    /// <summary>The first operand, which has to be a UUID; aliases are never taken for one.</summary>
    /// <exception cref="UsageException">It is missing or none.</exception>
    internal static string UuidOf(ParsedArgs args, string verb) =>
        args.TryOperand(0, out string? uuid) && IsUuid(uuid) ? uuid : throw new UsageException($"Invalid or missing UUID for {verb}");

    internal static bool IsUuid(string text) => Uuid.TryParse(text, out var uuid) && uuid.ToString() == text;

    /// <summary>The options of verbs that read a payload.</summary>
    internal static ArgParser PayloadOptions(ArgParser parser) => parser.Value('f', "file").Flag("strict");

    /// <summary>The payload of -f, or of standard input.</summary>
    /// <param name="refusal">The sentence when standard input is a terminal.</param>
    internal JsonObject ReadPayload(ParsedArgs args, string refusal)
    {
        string file = args.Get('f') ?? "-";
        if (file != "-")
        {
            return PayloadReader.FromFile(file);
        }
        if (applet.InputIsTerminal())
        {
            throw new UsageException(refusal);
        }
        using var input = applet.OpenInput();
        return PayloadReader.FromStream(input);
    }

    /// <summary>Refuses what is wrong; says, or with --strict refuses, what is taken differently.</summary>
    internal void Judge(PayloadReport report, ParsedArgs args)
    {
        if (args.Has("strict") || applet.Environment("VMADM_STRICT") == "1")
        {
            report.ThrowIfAdjusted();
        }
        foreach (var adjustment in report.Adjustments)
        {
            applet.Error.WriteLine($"Warning: {adjustment}");
        }
        report.ThrowIfFaulty();
    }
}
