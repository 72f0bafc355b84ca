using System.Diagnostics;
using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Hosted.Model;
using Lumos.Linux;
using Lumos.Linux.Cgroups;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Lumos.Linux.Signals;
using Lumos.Linux.Spawn;

namespace Lumos.Hosted.Actions;

// Purpose. A hosted global zone: LumOS beside whatever else a stock Linux host does. docs/decisions/0007 says why it is a mount
// namespace; this file brings one up, down and away.
//
// Vocabulary. The prefix is the folder that holds all of its state. The supervisor is lumos-init --hosted: it keeps svc.startd, which
// keeps everything else, exactly as on the image. The platform is our own files (usr/lib/lumos, usr/lib/svc), wherever they lie.
//
// States, seen and not stored: down (no pinned namespace), up (pinned, a supervisor in its cgroup), orphaned (pinned, the
// supervisor is gone): zones run on, "up" or systemd starts a supervisor into the same namespace, which takes up what runs.
//
// On the host while up: the namespace's pin and its private folder in /run/lumos/hosts/NAME; cgroup lumos-NAME; the
// links and the nftables table that svc:/network/physical makes and takes away; a loop device under the pool. Down takes all of it away.
//
// Failure. Whatever fails while it is made is undone; what a crash of ours left, "down" clears away: it does nothing where there is nothing.
//
// Tests. RootPlan in unit tests; up, zones, kill -9 of each daemon, down and an equal listing before and after in host tests.

/// <summary>Brings a hosted global zone up and down.</summary>
internal sealed class HostedMachine(HostedPaths paths, Action<string> say)
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromMinutes(6);

    internal bool IsUp => HostNamespace.IsPinned(paths);

    /// <summary>The supervisor's pid; null: there is none.</summary>
    internal int? Supervisor()
    {
        if (!HostClaim.IsOurs(paths) || HostCgroups.Load(paths.CgroupNote) is not { } cgroups)
        {
            return null;
        }
        var group = new Cgroup(Path.Combine(cgroups.Unified, "init"));
        return group.Exists ? group.Processes().Select(p => (int?)p).FirstOrDefault() : null;
    }

    /// <summary>Becomes the supervisor, in the namespace that is there or in a new one.</summary>
    internal void Run(string platform)
    {
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["HOME"] = "/root", ["LANG"] = "C.UTF-8",
        };
        string[] supervisor = ["/usr/lib/lumos/lumos-init", "--hosted"];
        if (IsUp)
        {
            if (Supervisor() is { } pid)
            {
                throw new LumosException("HostedUp", $"the hosted global zone at {paths.Prefix} is up; process {pid} keeps it");
            }
            HostNamespace.EnterAndBecome(paths, supervisor, environment);
        }
        HostClaim.Require(paths);
        Clear(); // what a crash of ours or of the host's may have left
        HostClaim.Require(paths);
        var cgroups = HostCgroups.Find(paths.Name);
        try
        {
            cgroups.Make();
            cgroups.Save(paths.CgroupNote);
            string files = KeepPlatform(platform);
            HostNamespace.CreateAndBecome(paths, () => RootPlan.Of(paths, RootBuilder.Observe(files, cgroups)), supervisor, environment);
        }
        catch
        {
            cgroups.Remove();
            HostNamespace.Unpin(paths);
            throw;
        }
    }

    /// <summary>Starts the supervisor in the background; it is up when its services are.</summary>
    internal void Start(string platform)
    {
        HostClaim.Require(paths);
        Directory.CreateDirectory(Path.GetDirectoryName(paths.Log)!);
        using var log = FileDescriptorIo.Open(paths.Log, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Append, 0x1a4);
        using var child = ChildProcess.Start(new SpawnRequest
        {
            Argv = [Environment.ProcessPath!, HostedEntry.LumosHostName, "run", "--root", paths.Prefix, "--platform", platform],
            Output = log,
            ErrorOutput = log,
            WorkingDirectory = "/",
            NewSession = true,
        });
        var clock = Stopwatch.StartNew();
        while (Supervisor() is null)
        {
            if (child.HasEnded(TimeSpan.FromMilliseconds(20)))
            {
                throw new LumosException("HostedNotUp", $"the hosted global zone did not come up; the end of {paths.Log}: {LastLine()}");
            }
            if (clock.Elapsed > TimeSpan.FromSeconds(30))
            {
                throw new LumosException("HostedNotUp", $"the hosted global zone is not up after 30 s; see {paths.Log}");
            }
        }
    }

    /// <summary>Stops zones and services in order and takes everything of ours off the host. What is not there is no error.</summary>
    internal void Down()
    {
        if (Supervisor() is { } pid && ProcessHandle.TryOpen(pid) is { } supervisor)
        {
            using (supervisor)
            {
                supervisor.Signal(Signal.TERM);
                if (!supervisor.WaitForEnd(StopLimit))
                {
                    say($"the services have not stopped after {StopLimit.TotalMinutes:0} minutes; what still runs is ended");
                }
            }
        }
        Clear();
    }

    /// <summary>Ends what is left and takes the namespace and cgroups away.</summary>
    internal void Clear()
    {
        if (!HostClaim.IsOurs(paths))
        {
            return; // nothing of ours is there, and what bears our name is somebody else's
        }
        (HostCgroups.Load(paths.CgroupNote) ?? HostCgroups.TryFind(paths.Name))?.Remove();
        HostNamespace.Unpin(paths);
    }

    // A package manager or a build may replace the files under our feet, which an overlay does not bear: it gets a copy of its own.
    private string KeepPlatform(string platform)
    {
        string copy = paths.Prefix + HostedPaths.PlatformFolder;
        if (Directory.Exists(copy))
        {
            TreeCopy.RemoveContent(copy);
        }
        Directory.CreateDirectory(copy);
        TreeCopy.Copy(platform, copy);
        return copy;
    }

    private string LastLine() => File.Exists(paths.Log) ? File.ReadLines(paths.Log).LastOrDefault() ?? "" : "";
}
