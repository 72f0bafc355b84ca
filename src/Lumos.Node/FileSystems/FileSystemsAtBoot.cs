using Lumos.Cli;
using Lumos.Core;
using Lumos.Core.Boot;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Notices;
using Lumos.Drivers.Pools;
using Lumos.Node.Host;

namespace Lumos.Node.FileSystems;

/// <summary>
/// The method of svc:/system/filesystem/smartdc.
/// <para>Purpose: bring the machine's pools in and put what persists in its place, before anything that needs it starts.</para>
/// <para>Vocabulary: the <em>system pool</em> is the one that holds /var, /opt, /usbkey and /etc/zones (see
/// <see cref="SystemPool"/>); every other pool is foreign and is imported, never written to.</para>
/// <para>States: <em>noimport</em> (boot argument): nothing is touched. <em>No pool</em>: success, nothing is mounted, the
/// first boot follows. <em>Unfinished</em>: a pool of ours whose setting up was cut short; it stays imported for the first
/// boot to take away. <em>System</em>: everything mounted. <em>Broken</em>: no system pool and a pool that could not be
/// imported: status 95, maintenance, so that the first boot cannot run and make a new pool beside the broken one.</para>
/// <para>On disk: nothing is written but the skeleton of /var, missing host keys, new accounts in /usbkey/shadow and the
/// tail of this boot's service logs. No cache file of pools is kept.</para>
/// <para>Failure: each thing that could not be imported or mounted is named on the console with the way out. Running it
/// again (svcadm clear) goes on where it stopped.</para>
/// <para>Tested by Lumos.Node.Tests over fakes of pools, datasets and host; the real mounts by the live suite.</para>
/// </summary>
internal sealed class FileSystemsAtBoot(IPools pools, IDatasets datasets, INodeHost host, BootNotes notes, MountPaths paths)
{
    /// <returns>The method's exit status.</returns>
    internal int Run(BootArguments boot)
    {
        if (boot.NoImport)
        {
            notes.Say("noimport: no pool is imported, nothing persists; root's password is the one of this build");
            return ExitStatus.Success;
        }
        host.SettleDevices();
        var failures = pools.Import(Only(boot));
        foreach (string failure in failures)
        {
            notes.Announce($"{failure}; see \"zpool import\", mend it, then \"svcadm clear filesystem/smartdc\"; nothing was changed on it");
        }
        var found = SystemPool.Find(pools, datasets, paths);
        if (found.System is { } system)
        {
            SystemPoolName.Keep(system.Name, paths.SystemPool);
            new PersistentMounts(datasets, host, notes, paths).MountAll(system, boot);
            return ExitStatus.Success;
        }
        if (failures.Count > 0)
        {
            notes.Announce("no system pool came in, and it may be the one that cannot be imported: the machine stays as it is, "
                + "log in on the console; root's password is the one of this build");
            return SmfExit.Fatal;
        }
        notes.Say(found.Unfinished.Count > 0
            ? $"pool {string.Join(", ", found.Unfinished)}: its setting up was cut short; the first boot takes it up again"
            : found.All.Count > 0
                ? $"imported {string.Join(", ", found.All)}, none of which is a system pool"
                : "there is no pool to import");
        return ExitStatus.Success;
    }

    /// <summary>The boot arguments zpool= and zpools= limit which pools are imported.</summary>
    internal static IReadOnlyList<string>? Only(BootArguments boot) =>
        (boot["zpools"] ?? boot["zpool"])?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    internal static int Applet(AppletContext context, Func<BootNotes, FileSystemsAtBoot> compose, BootArguments boot)
    {
        if (context.Args is not ["start"])
        {
            throw new UsageException("usage: fs-smartdc start (a method of svc:/system/filesystem/smartdc)");
        }
        var notes = new BootNotes(context.Error);
        try
        {
            return compose(notes).Run(boot);
        }
        catch (Exception e) when (e is LumosException or IOException or UnauthorizedAccessException)
        {
            notes.Announce($"filesystem/smartdc: {LumosException.Describe(e)}");
            return SmfExit.Fatal;
        }
    }
}
