using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Create;
using Lumos.Vm.Host;
using Lumos.Vm.Info;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.List;
using Lumos.Vm.Payload;
using Lumos.Vm.Properties;
using Lumos.Vm.Update;

namespace Lumos.Vm.Applets;

/// <summary>
/// The command vmadm: words in, text out. Data goes to stdout; every status line ("Successfully …") and every error to
/// stderr, as SmartOS's scripts expect. Exit status 0 done (it was so already included), 1 failure, 2 usage.
///
/// This is the rim. What a VM is made of is in Properties/, what a payload may say in Payload/, what is done in Create/,
/// Update/ and Lifecycle/, what is shown in Info/ and List/.
/// </summary>
internal sealed class Vmadm
{
    /// <summary>errno EPIPE: the reader of our output has had enough, which is no failure.</summary>
    private const int EndOfPipe = 32;

    private readonly AppletContext _context;
    private readonly Func<Action<string>, VmHost> _open;
    private VmHost? _host;

    internal Vmadm(AppletContext context, Func<Action<string>, VmHost> host)
    {
        _context = context;
        _open = host;
    }

    // Usage and payload faults come before the machine is looked at.
    private VmHost Machine => _host ??= _open(_context.Error.WriteLine);

    internal int Run()
    {
        try
        {
            return Dispatch();
        }
        catch (UsageException e)
        {
            _context.Error.WriteLine(e.Message);
            _context.Error.WriteLine(VmadmUsage.Text);
            return ExitStatus.Usage;
        }
        catch (LumosException e)
        {
            // Without "vmadm: " in front: SmartOS has none, and tools match these lines.
            _context.Error.WriteLine(e.InnerException is null ? e.Message : LumosException.Describe(e));
            return e.ExitStatus;
        }
        catch (Exception e) when (e is IOException { HResult: not EndOfPipe } or UnauthorizedAccessException or System.Net.Sockets.SocketException)
        {
            _context.Error.WriteLine(LumosException.Describe(e));
            return ExitStatus.Failure;
        }
    }

    private int Dispatch()
    {
        string command = _context.Args.Count > 0 ? _context.Args[0] : throw new UsageException("a command is missing");
        string[] words = [.. _context.Args.Skip(1)];
        return command switch
        {
            "-h" or "-?" or "--help" or "help" => Help(words),
            "create" => Create(words),
            "update" => Update(words),
            "validate" => Validate(words),
            "list" => List(words),
            "lookup" => Lookup(words),
            "get" or "json" => Get(words),
            "start" or "boot" => Start(words),
            "stop" or "halt" => Stop(words),
            "reboot" => Reboot(words),
            "kill" => Kill(words),
            "delete" or "destroy" => Delete(words),
            "console" => Console(words),
            _ when VmadmUsage.NotYet.Contains(command) =>
                throw new LumosException("NotYet", $"vmadm {command} is not in this release yet"),
            _ => throw new UsageException($"Invalid command: \"{command}\"."),
        };
    }

    private int Create(string[] words)
    {
        var args = Payloads(new ArgParser()).Parse(words).Expect(0, 0);
        var payload = ReadPayload(args, "Will not create from stdin when stdin is a tty.");
        var report = new PayloadReport();
        var creator = new VmCreator(Machine);
        var (vm, facts) = creator.Prepare(payload, report);
        Judge(report, args);
        string uuid = creator.Create(vm!, facts!);
        return Say($"Successfully created VM {uuid}");
    }

    private int Update(string[] words)
    {
        var args = Payloads(new ArgParser()).Parse(words);
        string uuid = UuidOf(args, "update");
        var pairs = args.Operands.Skip(1).ToList();
        var payload = pairs.Count > 0
            ? FromPairs(pairs)
            : ReadPayload(args, "Will not update from stdin when stdin is a tty.");
        var report = new PayloadReport();
        var plan = new VmUpdater(Machine).Update(uuid, payload, report, () => Judge(report, args));
        TellEffects(plan, uuid);
        return Say($"Successfully updated VM {uuid}");
    }

    private int Validate(string[] words)
    {
        var args = Payloads(new ArgParser()).Parse(words);
        var action = args.Operands switch
        {
            ["create"] => PropertyOps.Create,
            ["update", _] => PropertyOps.Update,
            ["update", ..] => throw new UsageException("Will not validate without a valid action and brand."),
            _ => throw new UsageException("Will not validate without a valid action."),
        };
        var payload = ReadPayload(args, "Will not validate from stdin when stdin is a tty.");
        string? brandName = action == PropertyOps.Update ? args.Operands[1]
            : payload["brand"] is { } given ? JsonText.Plain(given) : "undefined";
        if (!BrandTable.TryParse(brandName, out var brand))
        {
            _context.Error.WriteLine(JsonText.Pretty(new JsonObject { ["bad_brand"] = brandName }));
            return ExitStatus.Failure;
        }
        var report = new PayloadReport();
        if (action == PropertyOps.Create)
        {
            new VmCreator(Machine).Prepare(payload, report);
        }
        else
        {
            PayloadCheck.Run(brand, action, payload, null, report);
        }
        if (!report.CanGoOn || report.BadProperties.Count > 0)
        {
            _context.Error.WriteLine(JsonText.Pretty(report.ToJson()));
            return ExitStatus.Failure;
        }
        return Say($"VALID '{args.Operands[0]}' payload for {brandName} brand VMs.");
    }

    private int List(string[] words)
    {
        var args = Common(new ArgParser()).Flag('p', "parsable").Flag('H').Flag('h', "header").Value('o', "order").Value('s', "sortby").Parse(words);
        bool parsable = args.Has('p');
        bool header = args.Has('h') || (!parsable && !args.Has('H'));
        var filters = VmFilter.Parse(args.Operands, "filter");
        var table = VmTable.Create(args.Get('o') ?? VmTable.DefaultColumns, args.Get('s') ?? VmTable.DefaultSort, parsable, header);
        _context.Out.Write(table.Render(Matching(filters)));
        return ExitStatus.Success;
    }

    private int Lookup(string[] words)
    {
        var args = Common(new ArgParser()).Flag('j', "json").Flag('1', "unique").Value('o', "output").Parse(words);
        if (args.Has('o') && !args.Has('j'))
        {
            throw new LumosException("BadOptions", "Cannot specify -o without -j");
        }
        var found = Matching(VmFilter.Parse(args.Operands, "lookup")).OrderBy(vm => JsonText.Plain(vm["uuid"]), StringComparer.Ordinal).ToList();
        if (args.Has('1') && found.Count != 1)
        {
            throw new LumosException("NotUnique", $"Requested unique lookup but found {found.Count} results.");
        }
        if (!args.Has('j'))
        {
            foreach (var vm in found)
            {
                _context.Out.WriteLine(JsonText.Plain(vm["uuid"]));
            }
            return ExitStatus.Success;
        }
        string[]? fields = args.Get('o')?.Split(',');
        var array = new JsonArray();
        foreach (var vm in found)
        {
            array.Add((JsonNode)(fields is null ? vm : Only(vm, fields)));
        }
        _context.Out.WriteLine(JsonText.Pretty(array));
        return ExitStatus.Success;
    }

    private int Get(string[] words)
    {
        string uuid = UuidOf(Common(new ArgParser()).Parse(words), "get");
        _context.Out.WriteLine(JsonText.Pretty(new VmReader(Machine).Get(uuid)));
        return ExitStatus.Success;
    }

    private int Start(string[] words)
    {
        var args = Common(new ArgParser()).Parse(words);
        string uuid = UuidOf(args, "start");
        if (args.Operands.Count > 1)
        {
            throw new LumosException("NotYet", $"\"{args.Operands[1]}\": extra options of start are for kvm, which is not in this release yet");
        }
        return Say(new VmLifecycle(Machine).Start(uuid).Message);
    }

    private int Stop(string[] words)
    {
        var args = Common(new ArgParser()).Flag('F', "force").Value('t', "timeout").Parse(words);
        string uuid = UuidOf(args, "stop");
        if (args.Has('t'))
        {
            throw new LumosException("BadOptions", "-t is for docker and bhyve VMs, which are not in this release yet");
        }
        return Say(new VmLifecycle(Machine).Stop(uuid, args.Has('F')).Message);
    }

    private int Reboot(string[] words)
    {
        // -t is taken and does nothing, as in SmartOS.
        var args = Common(new ArgParser()).Flag('F', "force").Value('t', "timeout").Parse(words);
        return Say(new VmLifecycle(Machine).Reboot(UuidOf(args, "reboot"), args.Has('F')).Message);
    }

    private int Delete(string[] words) =>
        Say(new VmLifecycle(Machine).Delete(UuidOf(Common(new ArgParser()).Parse(words), "delete")).Message);

    private int Kill(string[] words)
    {
        string signal = "SIGTERM";
        var rest = words.ToList();
        if (rest is ["-s", var named, ..])
        {
            (signal, rest) = (named, rest[2..]);
        }
        else if (rest.Count > 0 && rest[0].StartsWith('-'))
        {
            (signal, rest) = (rest[0][1..], rest[1..]);
        }
        string uuid = rest is [var only] && IsUuid(only) ? only : throw new UsageException("Invalid or missing argument UUID");
        new VmSignal(Machine).Send(uuid, signal);
        return Say($"Sent signal \"{signal}\" to init process for VM {uuid}");
    }

    private int Console(string[] words)
    {
        string uuid = UuidOf(Common(new ArgParser()).Parse(words), "console");
        new VmConsole(Machine).Attach(uuid);
        return ExitStatus.Success;
    }

    private int Help(string[] words)
    {
        if (words is [var property])
        {
            _context.Out.Write(VmadmUsage.Describe(property)
                ?? throw new LumosException("UnknownProperty", $"\"{property}\" is not a property vmadm knows"));
            return ExitStatus.Success;
        }
        _context.Out.WriteLine(VmadmUsage.Text);
        return ExitStatus.Success;
    }

    private IEnumerable<JsonObject> Matching(IReadOnlyList<VmFilter> filters) => new VmReader(Machine).All()
        .Select(vm => VmFields.ForListing(vm.Object))
        .Where(vm => filters.All(filter => filter.Matches(vm)));

    private static JsonObject Only(JsonObject vm, string[] fields)
    {
        var result = new JsonObject();
        foreach (string field in fields)
        {
            if (vm[field] is { } value)
            {
                result[field] = value.DeepClone();
            }
        }
        return result;
    }

    private JsonObject ReadPayload(ParsedArgs args, string refusal)
    {
        string file = args.Get('f') ?? "-";
        if (file != "-")
        {
            return PayloadReader.FromFile(file);
        }
        if (_context.InputIsTerminal())
        {
            throw new UsageException(refusal);
        }
        using var input = _context.OpenInput();
        return PayloadReader.FromStream(input);
    }

    private static JsonObject FromPairs(IEnumerable<string> pairs)
    {
        var payload = new JsonObject();
        foreach (string pair in pairs)
        {
            int equals = pair.IndexOf('=');
            if (equals <= 0)
            {
                throw new UsageException($"Bad arguments: unable to split {pair}");
            }
            payload[pair[..equals]] = pair[(equals + 1)..];
        }
        return payload;
    }

    /// <summary>Refuses what is wrong; says, or with --strict refuses, what is taken differently.</summary>
    private void Judge(PayloadReport report, ParsedArgs args)
    {
        if (args.Has("strict") || _context.Environment("VMADM_STRICT") == "1")
        {
            report.ThrowIfAdjusted();
        }
        foreach (var adjustment in report.Adjustments)
        {
            _context.Error.WriteLine($"Warning: {adjustment}");
        }
        report.ThrowIfFaulty();
    }

    private void TellEffects(UpdatePlan plan, string uuid)
    {
        if (plan.Changes.IsEmpty)
        {
            _context.Error.WriteLine($"nothing changed: VM {uuid} is so already");
            return;
        }
        string[] Names(Effect effect) => [.. plan.Changes.Where(c => c.Effect == effect).Select(c => c.Property)];
        if (Names(Effect.NextBoot) is { Length: > 0 } later)
        {
            _context.Error.WriteLine($"{string.Join(", ", later)}: takes effect when the VM is next started or rebooted by vmadm");
        }
        if (Names(Effect.Recorded) is { Length: > 0 } recorded)
        {
            _context.Error.WriteLine($"{string.Join(", ", recorded)}: recorded; what is in the VM was written when it was made"
                + (recorded.Contains("resolvers") ? " (maintain_resolvers=true writes it now)" : ""));
        }
    }

    private int Say(string message)
    {
        _context.Error.WriteLine(message);
        return ExitStatus.Success;
    }

    private static string UuidOf(ParsedArgs args, string command) =>
        args.TryOperand(0, out string? uuid) && IsUuid(uuid) ? uuid : throw new UsageException($"Invalid or missing UUID for {command}");

    private static bool IsUuid(string text) => Uuid.TryParse(text, out var uuid) && uuid.ToString() == text;

    private static ArgParser Common(ArgParser parser) => parser.Flag('v', "verbose").Flag('d', "debug");

    private static ArgParser Payloads(ArgParser parser) => Common(parser).Value('f', "file").Flag("strict");
}
