using System.Globalization;
using Lumos.Core;
using Lumos.Linux.Namespaces;

namespace Lumos.Zones.Runtime;

/// <summary>
/// The limits of System V IPC of a zone: switches of its IPC namespace, written from outside, at boot before its init runs and live.
/// What exists already beyond a limit that is lowered stays, as on SmartOS.
/// </summary>
internal static class ZoneIpcLimits
{
    /// <summary>The greatest number of ids that the kernel can tell apart.</summary>
    internal const int MostIds = 32_768;

    /// <summary>The switches below /proc/sys/kernel and their values. Pure.</summary>
    internal static IReadOnlyList<KeyValuePair<string, string>> Switches(ZoneSpec zone)
    {
        long bytes = zone.Ipc.SharedBytes is > 0 and var given ? given : zone.MemoryBytes is > 0 and var memory ? memory : long.MaxValue >> 1;
        static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
        static string Ids(int count) => Text(Math.Clamp(count, 1, MostIds));
        return
        [
            KeyValuePair.Create("shmall", Text(bytes / Environment.SystemPageSize)),
            KeyValuePair.Create("shmmax", Text(bytes)),
            KeyValuePair.Create("shmmni", Ids(zone.Ipc.SharedIds)),
            KeyValuePair.Create("msgmni", Ids(zone.Ipc.MessageIds)),
            // Semaphores a set, semaphores in all, operations a call: the kernel's own numbers; then sets.
            KeyValuePair.Create("sem", $"32000 1024000000 500 {Ids(zone.Ipc.SemaphoreIds)}"),
        ];
    }

    /// <summary>Writes them into the IPC namespace of a process.</summary>
    internal static void Apply(ZoneSpec zone, int pid)
    {
        var switches = Switches(zone);
        void WriteAll()
        {
            foreach (var (name, value) in switches)
            {
                File.WriteAllText("/proc/sys/kernel/" + name, value);
            }
        }
        try
        {
            Namespace.RunInIpc(pid, zone.FirstId, WriteAll);
        }
        catch (UnauthorizedAccessException)
        {
            Namespace.RunInIpc(pid, asUser: null, WriteAll);
        }
    }
}
