using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Core.Hosting;
using Lumos.Drivers.Hosting;
using Lumos.Drivers.Tools;
using Lumos.Hosted.Actions;
using Lumos.Hosted.Model;

namespace Lumos.Hosted.Applets;

/// <summary>
/// lumos-host status: what is up, and how it fares. Pool, VMs and services are asked inside, each by its own command; one that
/// cannot answer is said and does not keep the others away.
/// </summary>
internal static class HostStatus
{
    internal static int Run(AppletContext context, ParsedArgs args, string prefix)
    {
        args.Expect(0, 0);
        var paths = HostedEntry.Find(prefix);
        var config = HostedFile.Load(HostedPaths.ConfigFileOf(prefix))!;
        var machine = new HostedMachine(paths, context.Error.WriteLine);
        bool up = machine.IsUp;
        int? supervisor = up ? machine.Supervisor() : null;
        string state = !up ? "down" : supervisor is null ? "orphaned" : "up";
        var inside = up ? HostInside.Ask(argv => Tool.Run([Environment.ProcessPath!, HostedEntry.LumosHostName, "exec", "--root", paths.Prefix, .. argv])) : null;
        if (args.Has("json"))
        {
            context.Out.WriteLine(Json(paths, config, state, supervisor, inside).ToJsonString());
            return ExitStatus.Success;
        }
        context.Out.WriteLine($"state:    {state}{(supervisor is { } pid ? $", process {pid}" : "")}");
        context.Out.WriteLine($"root:     {prefix}");
        context.Out.WriteLine($"name:     {paths.Name}");
        context.Out.WriteLine($"storage:  {config.Pool?.Kind} pool {config.Pool?.Name}{(inside?.Pool is { } pool ? $", {pool.Text}" : "")}");
        foreach (var tag in config.Tags)
        {
            context.Out.WriteLine($"nic tag:  {tag.Name} on {(tag.Existing ? "the host's bridge" : "bridge")} {tag.Bridge}{(tag.Subnet is { } net ? $", {net}" : "")}");
        }
        foreach (string line in inside?.Lines() ?? [])
        {
            context.Out.WriteLine(line);
        }
        if (state == "orphaned")
        {
            context.Out.WriteLine("The supervisor is gone; zones run on. \"lumos-host up\" starts one again.");
        }
        return state == "down" ? ExitStatus.Failure : ExitStatus.Success;
    }

    private static JsonObject Json(HostedPaths paths, HostedConfig config, string state, int? supervisor, HostInside? inside)
    {
        var pool = new JsonObject { ["kind"] = config.Pool?.Kind, ["name"] = config.Pool?.Name };
        if (inside?.Pool is { } facts)
        {
            pool["size"] = facts.Size;
            pool["free"] = facts.Free;
            pool["health"] = facts.Health;
        }
        return new JsonObject
        {
            ["name"] = paths.Name,
            ["root"] = paths.Prefix,
            ["state"] = state,
            ["supervisor"] = supervisor,
            ["commands"] = inside?.Commands,
            ["pool"] = pool,
            ["tags"] = new JsonArray([.. config.Tags.Select(t => (JsonNode)new JsonObject
            {
                ["name"] = t.Name, ["bridge"] = t.Bridge, ["subnet"] = t.Subnet?.ToString(), ["existing"] = t.Existing,
            })]),
            ["vms"] = inside?.Vms is { } vms ? new JsonObject([.. vms.Select(v => KeyValuePair.Create(v.Key, (JsonNode?)v.Value))]) : null,
            ["maintenance"] = inside?.Maintenance is { } ill ? new JsonArray([.. ill.Select(fmri => (JsonNode)fmri)]) : null,
            ["unanswered"] = inside is null ? null : new JsonArray([.. inside.Unanswered.Select(sentence => (JsonNode)sentence)]),
        };
    }
}
