using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Vm.Payload;

namespace Lumos.Vm.Host;

/// <summary>
/// Addresses are the machine's: between the look that finds one free and the write of the configuration that takes it nobody else may take it, and the lock of
/// one VM keeps nobody who makes another away. So whoever writes a configuration with new NICs holds this lock, looks once more, and writes. Payloads are
/// checked against all VMs before that, without it; the second look is at the files, since vminfod learns of a write a moment after it. The lock is held for
/// that look and the write, not while anything is done with datasets.
/// <para>Order: the lock of a VM, then this one, then that of the index.</para>
/// </summary>
internal static class AddressClaim
{
    private const string LockName = "addresses.lock";

    /// <summary>Holds the lock until it is disposed; null: no NIC is new, so there is nothing to claim.</summary>
    /// <param name="host">The machine.</param>
    /// <param name="vm">The VM as its configuration is to be.</param>
    /// <param name="before">As it is; null: all its NICs are new.</param>
    /// <exception cref="LumosException">InvalidPayload: another VM has an address of it by now.</exception>
    public static FileLock? Take(VmHost host, VmSpec vm, VmSpec? before)
    {
        var nics = NicConflicts.NewNics(vm, before);
        if (nics.Count == 0)
        {
            return null;
        }
        var held = FileLock.Acquire(Path.Combine(host.Layout.Locks, LockName), timeout: null, host.Say);
        try
        {
            Look(host, vm.Text("uuid")!, nics);
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static void Look(VmHost host, string uuid, IReadOnlyList<JsonObject> nics)
    {
        var report = new PayloadReport();
        string[] texts = [.. nics.SelectMany(NicConflicts.Texts).Distinct()];
        foreach (var entry in host.Zones.ReadIndex().Zones.Where(zone => zone.Uuid != uuid && zone.Name.Text != uuid))
        {
            // Of a thousand files nearly none speaks of these addresses: only what does is worth reading as what it is.
            if (TextOf(host.Layout.ConfigFile(entry.Name)) is not { } text || !texts.Any(text.Contains) || host.Zones.TryLoad(entry.Name) is not { } config)
            {
                continue;
            }
            var other = ZoneConfigMapping.FromConfig(config, entry.Uuid.Length > 0 ? entry.Uuid : entry.Name.Text);
            foreach (var nic in nics)
            {
                NicConflicts.Between(nic, other, report);
            }
        }
        report.ThrowIfFaulty();
    }

    private static string? TextOf(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null; // removed since the index was read
        }
    }
}
