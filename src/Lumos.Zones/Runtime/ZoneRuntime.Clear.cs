using System.Globalization;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Oci;
using Lumos.Linux.Mounts;
using Lumos.Linux.Spawn;

namespace Lumos.Zones.Runtime;

// How what a zone used is taken away; ZoneRuntime.cs has the whole picture.
public sealed partial class ZoneRuntime
{
    // Takes away whatever a zone that was up has left, in any state of half-made or half-gone.
    private void Clear(ZoneName name)
    {
        string run = _layout.RunFolder(name);
        var record = ZoneRecord.TryRead(_layout.StateFile(name));
        if (record is null && !Directory.Exists(run))
        {
            return;
        }
        string cgroup = $"{_layout.CgroupParent}/{name}";
        if (record?.Init is { IsAlive: true } init)
        {
            using var handle = ProcessHandle.TryOpen(init.Pid);
            handle?.Signal(Linux.Signals.Signal.KILL);
            handle?.WaitForEnd(MonitorTime);
        }
        if (record is { Init: null })
        {
            EndMakers(name);
        }
        WaitForMonitor(name);
        RememberExit(name, record);
        if (Directory.Exists(Path.Combine(_oci.StateRoot, name.Text)))
        {
            _oci.Delete(name.Text);
        }
        ZoneCgroup.Kill(cgroup);
        ZoneKernelName.Forget(ZoneCgroup.Folder(cgroup));
        ZoneCgroup.Remove(cgroup);
        OldZoneCgroup.Remove(cgroup);
        _links.Remove(record?.Links ?? []);
        TakeDatasets(name, record);
        IdMappedViews.RemoveAllUnder(run);
        if (Directory.Exists(run))
        {
            RemoveRunFolder(run);
        }
        File.Delete(_layout.ExitFile(name));
        File.Delete(_layout.StateFile(name)); // last: until then the zone is down, and anyone can finish this
    }

    // Before the pin of the namespace goes: they hold it, and could not be taken back after.
    private void TakeDatasets(ZoneName name, ZoneRecord? record)
    {
        foreach (string dataset in record?.Datasets ?? [])
        {
            try
            {
                _delegation.Take(DatasetName.Parse(dataset), _layout.UserNamespaceFile(name));
            }
            catch (Exception e) when (e is LumosException or IOException)
            {
                _warn($"{dataset} is still given to the namespace of a zone that has ended, where nobody is any more: {LumosException.Describe(e)}");
            }
        }
    }

    // Of a zone that ran. What cannot be written down keeps no zone from being cleared.
    private void RememberExit(ZoneName name, ZoneRecord? record)
    {
        if (record?.BootTime is null || _store.TryLoad(name) is not { } config || !Directory.Exists(config.ZonePath))
        {
            return;
        }
        try
        {
            ZoneLastExit.Write(config.ZonePath, ReadExit(name) ?? UnseenExit());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _warn($"zone '{name}': how it ended cannot be written down: {LumosException.Describe(e)}");
        }
    }

    private void ForgetExit(string zonePath)
    {
        try
        {
            ZoneLastExit.Remove(zonePath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _warn($"how the zone of {zonePath} last ended is still written there: {LumosException.Describe(e)}");
        }
    }

    // Its monitor died before it: nobody has its status.
    private static ZoneExit UnseenExit() => new(255, DateTimeOffset.UtcNow);

    // A view that could not be taken away must not be emptied: only what is ours and on no other mount is removed.
    private static void RemoveRunFolder(string run)
    {
        if (MountTable.Read().Any(m => m.Target.StartsWith(run + "/", StringComparison.Ordinal)))
        {
            throw new LumosException("ZoneStillMounted", $"something is still mounted under {run}");
        }
        Directory.Delete(run, recursive: true);
    }

    /// <summary>The monitor of a zone that is up, or was until now; null: it has left.</summary>
    private int? Monitor(ZoneName name)
    {
        string file = Path.Combine(_layout.RunFolder(name), Conmon.PidFile);
        return File.Exists(file) && int.TryParse(File.ReadAllText(file), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && IsMonitor(pid, name) ? pid : null;
    }

    // The monitor leaves by itself once its container has ended.
    private void WaitForMonitor(ZoneName name)
    {
        if (Monitor(name) is not { } pid)
        {
            return;
        }
        using var monitor = ProcessHandle.TryOpen(pid);
        if (monitor is not null && IsMonitor(pid, name) && !monitor.WaitForEnd(MonitorTime))
        {
            monitor.Signal(Linux.Signals.Signal.KILL);
            monitor.WaitForEnd(MonitorTime);
        }
    }

    // Whoever brought the zone up was killed in the middle: the monitor and the runtime it had started go on making the container.
    // Twice over without one: a process that was being forked when we looked has its words by the second look.
    private void EndMakers(ZoneName name)
    {
        for (int quiet = 0; quiet < 2;)
        {
            int[] makers = [.. Directory.EnumerateDirectories("/proc").Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int pid) ? pid : 0)
                .Where(pid => pid > 0 && IsMaker(pid, name))];
            foreach (int pid in makers)
            {
                using var handle = ProcessHandle.TryOpen(pid);
                if (handle is not null && IsMaker(pid, name))
                {
                    handle.Signal(Linux.Signals.Signal.KILL);
                    handle.WaitForEnd(MonitorTime);
                }
            }
            quiet = makers.Length == 0 ? quiet + 1 : 0;
        }
    }

    private bool IsMaker(int pid, ZoneName name) => IsOurs(pid, name, "conmon", Path.GetFileName(_oci.Program));

    private static bool IsMonitor(int pid, ZoneName name) => IsOurs(pid, name, "conmon");

    private static bool IsOurs(int pid, ZoneName name, params string[] programs)
    {
        try
        {
            string[] words = File.ReadAllText($"/proc/{pid}/cmdline").Split('\0');
            return words.Length > 2 && programs.Contains(Path.GetFileName(words[0])) && words.Contains(name.Text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
