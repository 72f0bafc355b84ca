using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Info;

namespace Lumos.Vm.Applets;

/// <summary>The command vminfo: asks vminfod, and nobody else. What vminfod does not know it does not look for.</summary>
internal sealed class Vminfo(AppletContext context, string socket)
{
    private const string Usage = """
        Usage: vminfo <command> [options]

        ping            whether vminfod answers        (GET /ping)
        status [-jf]    how vminfod is                 (GET /status)
        vms             all VMs                        (GET /vms)
        vm <uuid>       one VM                         (GET /vms/UUID)
        events [-jfr]   changes as they happen         (GET /events)
        help            this text
        """;

    internal int Run()
    {
        try
        {
            return Dispatch();
        }
        catch (UsageException e)
        {
            context.Error.WriteLine(e.Message);
            context.Error.WriteLine(Usage);
            return ExitStatus.Usage;
        }
    }

    private int Dispatch()
    {
        string name = context.Args.Count > 0 ? context.Args[0] : throw new UsageException("Command must be specified as the first argument");
        var words = context.Args.Skip(1);
        switch (name)
        {
            case "ping":
                new ArgParser().Parse(words).Expect(0, 0);
                context.Out.WriteLine(JsonText.Plain(Ask(client => client.Ping())["ping"]));
                return ExitStatus.Success;
            case "status":
                var status = new ArgParser().Flag('j', "json").Flag('f', "full").Parse(words).Expect(0, 0);
                var told = Ask(client => client.Status(status.Has('f')));
                context.Out.WriteLine(status.Has('j') ? JsonText.Pretty(told) : Text(told));
                return ExitStatus.Success;
            case "vms":
                new ArgParser().Parse(words).Expect(0, 0);
                context.Out.WriteLine(JsonText.Pretty(JsonNode.Parse(Ask(client => client.List([], null)))!));
                return ExitStatus.Success;
            case "vm":
                string uuid = new ArgParser().Parse(words).Expect(1, 1, "UUID").Operands[0];
                byte[] vm = Ask(client => client.Get(Uri.EscapeDataString(uuid))) ?? throw new LumosException("VmNotFound", $"VM {uuid} is not known to vminfod");
                context.Out.WriteLine(JsonText.Pretty(JsonNode.Parse(vm)!));
                return ExitStatus.Success;
            case "events":
                return Events(new ArgParser().Flag('f', "full").Flag('j', "json").Flag('r', "ready").Parse(words).Expect(0, 0));
            case "help" or "-h" or "--help" or "-?":
                context.Out.WriteLine(Usage);
                return ExitStatus.Success;
            default:
                throw new UsageException($"Unknown command: {name}");
        }
    }

    private int Events(ParsedArgs args)
    {
        var text = new VmEventText(args.Has('j'), args.Has('f'), args.Has('r'));
        foreach (var e in new VmEventFollower(socket, null, "vminfo CLI", context.Error.WriteLine).Events())
        {
            text.Write(context.Out, e);
        }
        return ExitStatus.Success;
    }

    private T Ask<T>(Func<VmInfoClient, T> question)
    {
        using var client = VmInfoClient.TryConnect(socket)
            ?? throw new LumosException("VminfodDown", "vminfod is not running: \"svcs -x vminfod\" tells why");
        return question(client);
    }

    private static string Text(JsonObject status)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"state: {JsonText.Plain(status["state"])} ({JsonText.Plain(status["status"])})\n");
        text.Append(CultureInfo.InvariantCulture, $"pid: {JsonText.Plain(status["pid"])}\nuptime: {JsonText.Plain(status["uptime"])}\n");
        text.Append(CultureInfo.InvariantCulture, $"rss: {status["memory"]!["rss"]!.GetValue<long>() / 1048576.0:0.00}mb\nnumVms: {JsonText.Plain(status["numVms"])}\n");
        text.Append(CultureInfo.InvariantCulture, $"requests: {JsonText.Plain(status["requests"])}\n");
        text.Append(CultureInfo.InvariantCulture, $"fullRefresh\n  lastRefresh: {(status["lastRefresh"] is { } last ? JsonText.Plain(last) + " ago" : "-")}\n");
        if (status["refreshLog"] is JsonArray { Count: > 0 } log)
        {
            text.Append(CultureInfo.InvariantCulture, $"  refreshLog: ({log.Count} items)\n");
            foreach (var one in log)
            {
                text.Append(CultureInfo.InvariantCulture, $"    - {JsonText.Plain(one!["vmChanges"])} vmChanges - {JsonText.Plain(one["date"])}: {JsonText.Plain(one["reason"])}\n");
            }
        }
        if (status["watching"] is JsonObject watching)
        {
            text.Append(CultureInfo.InvariantCulture, $"watching\n  folders: {JsonText.Plain(watching["folders"])}\n  inits: {JsonText.Plain(watching["inits"])}\n");
        }
        var listeners = status["eventsListeners"]!.AsObject();
        text.Append(CultureInfo.InvariantCulture, $"eventsListeners: ({listeners.Count} listeners)");
        foreach (var (id, listener) in listeners)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n  - {JsonText.Plain(listener!["userAgent"])}\n    {id} created {JsonText.Plain(listener["createdAgo"])} ago");
        }
        return text.ToString();
    }
}
