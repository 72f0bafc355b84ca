using System.Globalization;
using Lumos.Core;
using Lumos.Core.Hosting;
using Lumos.Drivers.Files;
using Lumos.Linux;
using Lumos.Linux.Spawn;

namespace Lumos.Network.Hosted;

/// <summary>
/// The DHCP and DNS answerers of our own bridges: one dnsmasq a bridge, as only one that serves a single link binds its DHCP
/// socket to it and so lives beside other DHCP servers of the host.
/// <para>Each VM has a file for each bridge it is on, so that a change of one VM costs one file, whatever their number; dnsmasq
/// watches for new ones, and is told (SIGHUP) when one is gone or different.</para>
/// </summary>
public sealed class Dnsmasq(HostedPaths paths, Action<string> say)
{
    private const int SIGHUP = 1, SIGTERM = 15;

    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>Starts one for each own bridge with DHCP; they go into the background by themselves once they answer.</summary>
    /// <returns>How many.</returns>
    public int Start(HostedConfig config)
    {
        using var turn = Lock();
        var tags = Served(config).ToList();
        var vms = HostedVm.ReadAll(paths.Zones);
        foreach (var tag in tags)
        {
            if (Process(tag) is { } old)
            {
                // A life of the service that was cut short; the address is taken while it lives.
                old.Signal(SIGTERM);
                old.WaitForEnd(TimeSpan.FromSeconds(5));
                old.Dispose();
            }
            foreach (string folder in (string[])
                [paths.Dnsmasq, DnsmasqFiles.Folder(paths, tag), DnsmasqFiles.Hosts(paths, tag), DnsmasqFiles.Names(paths, tag)])
            {
                // dnsmasq reads as a user without rights, whatever our umask.
                Directory.CreateDirectory(folder);
                File.SetUnixFileMode(folder, Readable);
            }
            Directory.CreateDirectory(paths.Leases);
            WriteAll(tag, vms);
            AtomicFile.Write(DnsmasqFiles.Configuration(paths, tag), DnsmasqFiles.Text(paths, tag));
            Run(tag);
        }
        return tags.Count;
    }

    /// <summary>Looks at all VMs again.</summary>
    public void Refresh(HostedConfig config)
    {
        using var turn = Lock();
        var vms = HostedVm.ReadAll(paths.Zones);
        foreach (var tag in Served(config).Where(IsSetUp))
        {
            WriteAll(tag, vms);
            Tell(tag);
        }
    }

    /// <summary>Looks at one VM again: it was made, changed or deleted.</summary>
    public void Refresh(HostedConfig config, string uuid)
    {
        if (!Served(config).Any(IsSetUp))
        {
            return; // the service looks at all VMs when it starts
        }
        using var turn = Lock();
        var vm = HostedVm.TryRead(paths.Zones, uuid) ?? new HostedVm(uuid, null, []);
        foreach (var tag in Served(config).Where(IsSetUp))
        {
            // Both, whatever the first said. A file that is new is seen without being told of.
            bool changed = Write(DnsmasqFiles.Hosts(paths, tag), uuid, DnsmasqFiles.HostLines(tag, vm))
                | Write(DnsmasqFiles.Names(paths, tag), uuid, DnsmasqFiles.NameLines(tag, vm));
            if (changed)
            {
                Tell(tag);
            }
        }
    }

    private static IEnumerable<HostedTag> Served(HostedConfig config) => config.OwnTags.Where(t => t.Dhcp);

    /// <summary>From the look at a configuration to the file that tells of it: else an older look could have the last word.</summary>
    private FileLock Lock() => FileLock.Acquire(Path.Combine(paths.Dnsmasq, "lock"), TimeSpan.FromSeconds(30));

    private bool IsSetUp(HostedTag tag) => Directory.Exists(DnsmasqFiles.Names(paths, tag));

    private void WriteAll(HostedTag tag, IReadOnlyList<HostedVm> vms)
    {
        foreach (string folder in (string[])[DnsmasqFiles.Hosts(paths, tag), DnsmasqFiles.Names(paths, tag)])
        {
            foreach (string gone in Directory.EnumerateFiles(folder).Where(f => vms.All(vm => vm.Uuid != Path.GetFileName(f))).ToList())
            {
                File.Delete(gone);
            }
        }
        foreach (var vm in vms)
        {
            Write(DnsmasqFiles.Hosts(paths, tag), vm.Uuid, DnsmasqFiles.HostLines(tag, vm));
            Write(DnsmasqFiles.Names(paths, tag), vm.Uuid, DnsmasqFiles.NameLines(tag, vm));
        }
    }

    /// <returns>Whether what was there is no longer so, which dnsmasq does not see by itself.</returns>
    private static bool Write(string folder, string uuid, string text)
    {
        string file = Path.Combine(folder, uuid);
        string? before = File.Exists(file) ? File.ReadAllText(file) : null;
        if (before == text || (before is null && text.Length == 0))
        {
            return false;
        }
        if (text.Length == 0)
        {
            File.Delete(file);
        }
        else
        {
            // Closed before it gets its name: dnsmasq reads a file at each event of it. Names with a dot in front it leaves alone.
            string draft = Path.Combine(folder, "." + uuid);
            File.WriteAllText(draft, text);
            File.SetUnixFileMode(draft, Readable & ~(UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute));
            File.Move(draft, file, overwrite: true);
        }
        return before is not null;
    }

    private void Run(HostedTag tag)
    {
        try
        {
            // Ours are the streams it keeps (the service's log): a pipe would be one that nobody reads.
            using var child = ChildProcess.Start(new SpawnRequest
            {
                Argv = ["dnsmasq", $"--conf-file={DnsmasqFiles.Configuration(paths, tag)}"],
                InheritStreams = true,
            });
            int status = child.Wait();
            if (status != 0)
            {
                throw new LumosException("DnsmasqFailed",
                    $"dnsmasq on {tag.Bridge} ended with status {status}; the service's log has what it said");
            }
            say($"{tag.Bridge}: dnsmasq gives out {tag.DhcpRange.First} to {tag.DhcpRange.Last}");
        }
        catch (ErrnoException e) when (e.Errno == Errno.ENOENT)
        {
            throw new LumosException("DnsmasqMissing", "the program dnsmasq is missing; install the package dnsmasq-base", inner: e);
        }
    }

    private void Tell(HostedTag tag)
    {
        using var process = Process(tag);
        process?.Signal(SIGHUP);
    }

    /// <summary>The dnsmasq of a bridge; null: there is none. After a crash its number may be anybody's.</summary>
    private ProcessHandle? Process(HostedTag tag)
    {
        string pidFile = DnsmasqFiles.Pid(paths, tag);
        if (!File.Exists(pidFile)
            || !int.TryParse(File.ReadAllText(pidFile).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            || ProcessHandle.TryOpen(pid) is not { } process)
        {
            return null;
        }
        try
        {
            if (File.ReadAllText($"/proc/{pid}/cmdline").Contains(DnsmasqFiles.Configuration(paths, tag), StringComparison.Ordinal))
            {
                return process;
            }
        }
        catch (IOException)
        {
            // it has ended meanwhile
        }
        process.Dispose();
        return null;
    }
}
