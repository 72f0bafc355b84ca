using System.Diagnostics;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Linux.Cgroups;
using Lumos.Linux.Handles;
using Lumos.Linux.Signals;
using Lumos.Linux.Spawn;
using Lumos.Services.Client;
using Lumos.Services.Model;

namespace Lumos.Services.Tests;

/// <summary>A real svc.startd with a root directory and a cgroup of its own, and real processes; all gone afterwards.</summary>
internal sealed class StartdHarness : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly bool _cgroups;
    private readonly List<string> _extra = [];
    private ChildProcess? _startd;

    internal StartdHarness(bool cgroups = true)
    {
        _cgroups = cgroups;
        Root = Directory.CreateTempSubdirectory("smf-test-").FullName;
        Directory.CreateDirectory($"{Root}/usr/lib/svc/manifest");
        Directory.CreateDirectory($"{Root}/etc");
        File.Copy("/etc/passwd", $"{Root}/etc/passwd");
        File.Copy("/etc/group", $"{Root}/etc/group");
        File.WriteAllText($"{Root}/console", "");
        Cgroup = new Cgroup($"{Cgroup2Mount()}/{Path.GetFileName(Root)}");
        Client = new ServiceClient($"{Root}/run/svc/startd.sock");
    }

    internal string Root { get; }

    internal Cgroup Cgroup { get; }

    internal ServiceClient Client { get; }

    /// <summary>Whatever is launched takes its time on the way into its cgroup.</summary>
    internal bool SlowTrampoline { get; init; }

    internal string SlowTrampolinePath => $"{Root}/slow-trampoline";

    internal string Console => File.ReadAllText($"{Root}/console");

    internal string Log(string service) => File.ReadAllText($"{Root}/var/svc/log/{service.Replace('/', '-')}:default.log");

    internal void Manifest(string name, string body = "", bool enabled = true, string? methods = null) =>
        File.WriteAllText($"{Root}/usr/lib/svc/manifest/{name.Replace('/', '-')}.xml", Manifests.Service(name, body, enabled, methods));

    /// <summary>A start method (any shell words) with a stop method that kills.</summary>
    internal static string StartStop(string start, string stop = ":kill", int timeout = 60, string context = "") => $"""
        <exec_method type="method" name="start" exec="{System.Security.SecurityElement.Escape(start)}" timeout_seconds="{timeout}">{context}</exec_method>
        <exec_method type="method" name="stop" exec="{System.Security.SecurityElement.Escape(stop)}" timeout_seconds="{timeout}"/>
        """;

    internal void Start()
    {
        string program = Environment.ProcessPath!;
        var words = new List<string> { program };
        if (Path.GetFileName(program) == "dotnet")
        {
            words.Add(typeof(StartdHarness).Assembly.Location);
        }
        words.AddRange(["svc.startd", "--root", Root, "--cgroup", Cgroup.Path, "--trampoline", SlowTrampoline ? Slow(Trampoline()) : Trampoline(), .. _extra]);
        if (!_cgroups)
        {
            words.Add("--no-cgroups");
        }
        using var output = FileDescriptorIo.Open($"{Root}/startd.out", OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Append, 0x1a4);
        _startd = ChildProcess.Start(new SpawnRequest { Argv = words, Output = output, ErrorOutput = output, NewSession = true });
        Until("svc.startd answers", () => Try(() => Client.Status()));
    }

    internal void Kill9()
    {
        _startd!.Signal(Signal.KILL);
        Assert.Equal(128 + Signal.KILL, _startd.Wait());
        _startd.Dispose();
        _startd = null;
    }

    /// <summary>TERM, and the exit status.</summary>
    internal int Terminate()
    {
        _startd!.Signal(Signal.TERM);
        int status = _startd.Wait();
        _startd.Dispose();
        _startd = null;
        return status;
    }

    internal InstanceView Get(string service) => Client.Status(processes: true).Single(i => i.Fmri.Service == service);

    internal void WaitFor(string service, ServiceState state) =>
        Until($"{service} is {state.Text()}", () => Get(service) is var i && i.State == state && i.Next == ServiceState.None);

    internal void Ask(string operation, string service, params (string Name, JsonNode? Value)[] more)
    {
        var request = new JsonObject { ["op"] = operation, ["names"] = new JsonArray($"svc:/{service}:default") };
        foreach (var (name, value) in more)
        {
            request[name] = value;
        }
        Client.Ask(request);
    }

    internal void SetEnabled(string service, bool enabled) => Ask("enable", service, ("enabled", enabled));

    internal static bool IsAlive(int pid) => Daemon.ProcFiles.StartTicks(pid) is not null;

    internal void Until(string what, Func<bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > Patience)
            {
                Assert.Fail($"{what}: not within {Patience.TotalSeconds} s\n{Everything()}");
            }
            Thread.Sleep(20);
        }
    }

    public void Dispose()
    {
        if (_startd is not null)
        {
            Terminate(); // by itself it leaves no process behind, with cgroups or without
        }
        if (Cgroup.Exists)
        {
            Cgroup.Destroy(TimeSpan.FromSeconds(20));
        }
        Directory.Delete(Root, recursive: true);
    }

    private static bool Try(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (LumosException)
        {
            return false;
        }
    }

    private string Everything() => string.Join('\n', Directory.GetFiles(Root, "*", SearchOption.AllDirectories)
        .Where(f => f.EndsWith(".log", StringComparison.Ordinal) || f.EndsWith(".out", StringComparison.Ordinal) || f.EndsWith("state.json", StringComparison.Ordinal))
        .Select(f => $"== {f}\n{File.ReadAllText(f)}"));

    private static string Trampoline()
    {
        string path = Path.Combine(Repository.Root, "src/lumos-init/bin/Debug/net9.0/linux-x64/lumos-init");
        return File.Exists(path) ? path : throw new InvalidOperationException($"{path} is not built");
    }

    private string Slow(string trampoline)
    {
        File.WriteAllText(SlowTrampolinePath, $"#!/bin/sh\nsleep 3\nexec {trampoline} \"$@\"\n");
        File.SetUnixFileMode(SlowTrampolinePath, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return SlowTrampolinePath;
    }

    private static string Cgroup2Mount() => File.ReadLines("/proc/self/mountinfo").Select(l => l.Split(' '))
        .First(f => f[Array.IndexOf(f, "-") + 1] == "cgroup2")[4];
}
