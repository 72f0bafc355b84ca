using System.Text.Json.Nodes;
using Lumos.Drivers.Tools;

namespace Lumos.Hosted.Tests.Host;

/// <summary>A VM of a test's own, deleted with it.</summary>
internal sealed class HostedVm : IDisposable
{
    private const int TimedOut = 124; // of timeout(1)

    private readonly HostedRoot _root;

    private HostedVm(HostedRoot root, string uuid)
    {
        _root = root;
        Uuid = uuid;
    }

    internal string Uuid { get; }

    internal string State => (string)Get()["state"]!;

    internal int Pid => (int)Get()["pid"]!;

    /// <summary>A native one from the image; <paramref name="more"/> are further properties.</summary>
    internal static HostedVm Native(HostedRoot root, JsonObject? more = null) =>
        Of(root, "joyent", TestImages.Native, new JsonObject { ["ram"] = 128, ["quota"] = 1 }, more);

    /// <summary>One of a brand from an image; later properties go over earlier ones.</summary>
    internal static HostedVm Of(HostedRoot root, string brand, string image, params JsonObject?[] properties) =>
        Of(root, [new JsonObject { ["brand"] = brand, ["image_uuid"] = image }, .. properties]);

    /// <summary>One of properties alone.</summary>
    internal static HostedVm Of(HostedRoot root, params JsonObject?[] properties)
    {
        string uuid = Guid.NewGuid().ToString();
        var payload = new JsonObject { ["uuid"] = uuid };
        foreach (var (name, value) in properties.SelectMany(some => some ?? []))
        {
            payload[name] = value?.DeepClone();
        }
        root.Feed(payload.ToJsonString(), "vmadm", "create").OrThrow();
        return new HostedVm(root, uuid);
    }

    internal JsonObject Get() => JsonNode.Parse(Vmadm("get").OrThrow().Output)!.AsObject();

    /// <summary>A subcommand of vmadm on this VM.</summary>
    internal ToolResult Vmadm(string verb, params string[] words)
    {
        var run = _root.Command("vmadm", [verb, .. words.Where(w => w.StartsWith('-')), Uuid, .. words.Where(w => !w.StartsWith('-'))]);
        return run.Status == TimedOut ? throw new TimeoutException($"vmadm {verb} {Uuid} does not end; {Seen()}") : run;
    }

    /// <summary>An update by a payload.</summary>
    internal ToolResult Update(string payload) => _root.Feed(payload, "vmadm", "update", Uuid);

    // Of one that hangs: what there is, for who reads of the failure.
    private string Seen() => string.Join('\n', new[]
    {
        $"tail -n 20 /zones/{Uuid}/logs/console.log", $"cat /run/lumos/zone-states/{Uuid}.json", $"grep Sig /proc/$(cat /run/lumos/zones/{Uuid}/init.pid)/status",
        "tail -n 5 /var/svc/log/system-smartdc-vmadmd:default.log", "ps --ppid 2 -p 2 -N -o pid,ppid,stat,etimes,wchan:20,args | tail -n 30",
    }.Select(line => _root.Run([_root.Program("lumos-host"), "exec", "sh", "-c", line])).Select(run => run.Output + run.ErrorOutput));

    /// <summary>A command line inside.</summary>
    internal ToolResult Zlogin(string line) => _root.Command("zlogin", Uuid, line);

    /// <summary>A file of the zone's control group under version 1.</summary>
    internal string Limit(string controller, string file) => File.ReadAllText(_root.Inside($"/run/lumos/cgroup1/{controller}/zones/{Uuid}/{file}")).Trim();

    public void Dispose()
    {
        if (Directory.Exists(_root.Prefix) && _root.Command("vmadm", "lookup", "uuid=" + Uuid).OrThrow().Output.Length > 0)
        {
            Vmadm("delete").OrThrow();
        }
    }
}
