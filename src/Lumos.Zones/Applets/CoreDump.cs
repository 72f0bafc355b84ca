using System.Globalization;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Zones.Config;
using Lumos.Zones.Cores;
using Lumos.Zones.Statistics;

namespace Lumos.Zones.Applets;

/// <summary>
/// core-dump: what the kernel starts, as root of the global zone, for each process that crashes; the core is its input. It finds the
/// zone by the process's cgroup and writes into the zone's cores folder, never along a path of the zone.
/// </summary>
internal sealed class CoreDump(AppletContext context, ZoneLayout layout, string globalFolder, Action<string> note)
{
    internal int Run()
    {
        if (context.Args.Count != 3 || !int.TryParse(context.Args[0], NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            || !int.TryParse(context.Args[1], NumberStyles.None, CultureInfo.InvariantCulture, out int signal)
            || !long.TryParse(context.Args[2], NumberStyles.None, CultureInfo.InvariantCulture, out long seconds))
        {
            throw new UsageException("usage: core-dump PID SIGNAL TIME < CORE   (the kernel calls it; see core_pattern in proc(5))");
        }
        var store = new ZoneConfigStore(layout);
        var zones = store.ReadIndex();
        // The process waits for us to have read its core, so its number is its own.
        var zone = ZoneOfProcess.Find(pid, layout.CgroupParent, name => zones.Find(name) is not null);
        string folder = zone is null ? globalFolder : Path.Combine(store.Load(zone).ZonePath, "cores");
        string where = zone is null ? "global" : zone.Text;
        string program = Program(pid);
        if (zone is null && !Directory.Exists(globalFolder))
        {
            note($"zone global: {program} (pid {pid}) was ended by signal {signal}; no core is kept, there is no {globalFolder}");
            return ExitStatus.Success;
        }
        using var core = context.OpenInput();
        try
        {
            var (file, length, cut) = new CoreFolder(folder).Write(program, pid, DateTimeOffset.FromUnixTimeSeconds(seconds), core);
            note($"zone {where}: {CoreFolder.Plain(program)} (pid {pid}) was ended by signal {signal}; core {file}, {length} bytes{(cut ? ", cut off" : "")}");
            return ExitStatus.Success;
        }
        catch (Exception e) when (e is LumosException or IOException)
        {
            note($"zone {where}: {CoreFolder.Plain(program)} (pid {pid}) was ended by signal {signal}; no core is kept: {LumosException.Describe(e)}");
            return ExitStatus.Failure;
        }
    }

    private static string Program(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/comm").TrimEnd('\n');
        }
        catch (IOException)
        {
            return "";
        }
    }
}
