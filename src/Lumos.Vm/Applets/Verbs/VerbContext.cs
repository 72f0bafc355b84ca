using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Audit;
using Lumos.Vm.Host;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Payload;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>What a verb acts through: the process's streams, the machine, and what verbs share.</summary>
internal sealed class VerbContext(AppletContext applet, Func<Action<string>, VmHost> open) : IDisposable
{
    private const string JsonResult = "--json-result";

    private VmHost? _machine;
    private Verb? _verb;
    private AuditLog? _audit;
    private bool _wantsResult;
    private PosixSignalRegistration? _interrupted;

    internal AppletContext Applet => applet;

    internal TextWriter Out => applet.Out;

    internal TextWriter Error => applet.Error;

    /// <summary>Opened at its first use: usage and payload faults come before the machine is looked at.</summary>
    internal VmHost Machine
    {
        get
        {
            if (_machine is null)
            {
                _machine = open(Tell);
                _machine.Trace = step => _audit?.Step(step);
                _audit?.Keep(_machine.AuditFolder);
                if (_verb is { IsSettled: true })
                {
                    _interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => TellOfInterrupt());
                }
            }
            return _machine;
        }
    }

    /// <summary>What --json-result prints, and the last line of the log.</summary>
    internal VerbResult Result { get; } = new();

    /// <summary>A status line, on stderr as SmartOS's scripts expect. The last one of a run is its result's message.</summary>
    internal int Say(string message)
    {
        Result.Message = message;
        Tell(message);
        return ExitStatus.Success;
    }

    /// <inheritdoc cref="Say(string)"/>
    internal int Say(Outcome outcome)
    {
        Result.Changed = outcome.Changed;
        return Say(outcome.Message);
    }

    /// <summary>A warning: on stderr, in the result, in the log.</summary>
    internal void Warn(string message)
    {
        Result.Warnings.Add(message);
        applet.Error.WriteLine($"Warning: {message}");
        _audit?.Warn(message);
    }

    /// <summary>Standard output is the result's: what else would stand there goes into <see cref="VerbResult.More"/>.</summary>
    internal bool WantsResult => _wantsResult;

    /// <summary>The verb is known: what its run leaves behind begins. Returns the words that are left for it.</summary>
    internal string[] Begin(Verb verb, string[] words)
    {
        _verb = verb;
        Result.Verb = verb.Name;
        var shown = words.Contains("-d") || words.Contains("--debug") ? LogLevel.Debug
            : words.Contains("-v") || words.Contains("--verbose") ? LogLevel.Info : (LogLevel?)null;
        _audit = new AuditLog("vmadm", verb.Changes, applet.Error, shown, applet.Environment);
        _audit.Begin(words.Prepend(verb.Name));
        _wantsResult = verb.Changes && !verb.WritesData && words.Contains(JsonResult);
        return _wantsResult ? [.. words.Where(word => word != JsonResult)] : words;
    }

    internal void Parsed(ParsedArgs args)
    {
        if (args.TryOperand(0, out string? uuid) && IsUuid(uuid))
        {
            Result.Uuid = uuid;
        }
    }

    /// <summary>A failure with what the storage has to do with it, where that is so.</summary>
    internal Exception Explained(Exception fault) =>
        _machine is not null && StorageFault.Of(fault, _machine, Result.Uuid) is { } why
            ? new LumosException((fault as LumosException)?.Code ?? "SystemError", $"{LumosException.Describe(fault)}; {why}", (fault as LumosException)?.ExitStatus ?? ExitStatus.Failure)
            : fault;

    /// <summary>The run is over: its result is printed where it was asked for, and the log closed.</summary>
    internal void End(int status, Exception? fault)
    {
        if (_verb is not { Changes: true })
        {
            return;
        }
        var result = Result.ToJson(status, fault);
        if (_wantsResult)
        {
            try
            {
                applet.Out.WriteLine(JsonText.Pretty(result));
            }
            catch (ReaderLeftException)
            {
                // What was done is done: our exit status says how it went.
            }
        }
        _audit!.End(status, result);
    }

    public void Dispose()
    {
        _interrupted?.Dispose();
        if (_machine is not null)
        {
            _machine.Trace = _ => { };
        }
        _audit?.Dispose();
    }

    // Ctrl-C: we end by it, as ever; whoever typed it is told what becomes of what was begun. On a thread of its own, so by a stream of its own.
    private void TellOfInterrupt()
    {
        if (Result.Uuid is { } uuid)
        {
            using var error = Console.OpenStandardError();
            error.Write(Encoding.UTF8.GetBytes($"interrupted: what was begun of VM {uuid} is finished or taken back by vmadmd (\"vmadm get {uuid}\" shows it)\n"));
        }
    }

    private void Tell(string line)
    {
        applet.Error.WriteLine(line);
        _audit?.Step(line);
    }

    /// <summary>The first operand, which has to be a UUID; aliases are never taken for one.</summary>
    /// <exception cref="UsageException">It is missing or none.</exception>
    internal static string UuidOf(ParsedArgs args, string verb) =>
        args.TryOperand(0, out string? uuid) && IsUuid(uuid) ? uuid : throw new UsageException($"Invalid or missing UUID for {verb}");

    /// <summary>The same, of a verb that takes one operand: what follows it SmartOS leaves out in silence.</summary>
    /// <exception cref="UsageException">It is missing or none; with VMADM_STRICT=1: it is not the only one.</exception>
    internal string OnlyUuidOf(ParsedArgs args, string verb)
    {
        string uuid = UuidOf(args, verb);
        foreach (string word in args.Operands.Skip(1))
        {
            LeaveOut($"\"{word}\" is left out: {verb} is of one VM at a time");
        }
        return uuid;
    }

    /// <summary>Says what is not taken as it was meant, as a warning where SmartOS goes on, or as a refusal where that is wanted.</summary>
    internal void LeaveOut(string sentence)
    {
        if (IsStrict)
        {
            throw new UsageException(sentence);
        }
        Warn(sentence);
    }

    private bool IsStrict => applet.Environment("VMADM_STRICT") == "1";

    internal static bool IsUuid(string text) => Uuid.TryParse(text, out var uuid) && uuid.ToString() == text;

    /// <summary>The options of verbs that read a payload.</summary>
    internal static ArgParser PayloadOptions(ArgParser parser) => parser.Value('f', "file").Flag("strict");

    /// <summary>The payload of -f, or of standard input.</summary>
    /// <param name="refusal">The sentence when standard input is a terminal.</param>
    internal JsonObject ReadPayload(ParsedArgs args, string refusal)
    {
        string file = args.Get('f') ?? "-";
        bool isInput = PayloadReader.IsStandardInput(file);
        if (isInput && applet.InputIsTerminal())
        {
            throw new UsageException(refusal);
        }
        JsonObject payload;
        if (!isInput)
        {
            payload = PayloadReader.FromFile(file);
        }
        else
        {
            using var input = applet.OpenInput();
            payload = PayloadReader.FromStream(input);
        }
        _audit?.Payload(payload);
        return payload;
    }

    /// <summary>Refuses what is wrong; says, or with --strict refuses, what is taken differently.</summary>
    internal void Judge(PayloadReport report, ParsedArgs args)
    {
        if (WantsStrict(args))
        {
            report.ThrowIfAdjusted();
        }
        Warn(report.Adjustments);
        report.ThrowIfFaulty();
    }

    /// <summary>Whether what would be taken differently is to be refused.</summary>
    internal bool WantsStrict(ParsedArgs args) => args.Has("strict") || IsStrict;

    internal void Warn(IEnumerable<Adjustment> adjustments)
    {
        foreach (var adjustment in adjustments)
        {
            Warn(adjustment.ToString());
        }
    }
}
