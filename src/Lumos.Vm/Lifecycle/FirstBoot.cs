using System.Globalization;
using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Polling;
using Lumos.Vm.Create;
using Lumos.Vm.Host;
using Lumos.Zones;
using Lumos.Zones.Config;

namespace Lumos.Vm.Lifecycle;

/// <summary>How a first boot came out.</summary>
public enum FirstBootResult
{
    /// <summary>The zone took the marker away.</summary>
    Done,

    /// <summary>The zone says that it went wrong.</summary>
    ReportedFailure,

    /// <summary>The zone stopped, the marker still in place.</summary>
    Stopped,

    /// <summary>The time is up.</summary>
    TimedOut,

    /// <summary>The VM was deleted, or another already noted the end.</summary>
    Gone,
}

/// <summary>
/// The first boot of a VM: it is in state provisioning until the zone removes or renames /var/svc/provisioning, and failed
/// when that does not happen in time. Whoever made the VM waits for it, and so does vmadmd, which is there after a restart as
/// well; both may note the end, since noting it twice is noting it once.
///
/// The marker lies where the tenant is root: its directory is found without leaving the zone's root, and watched by inotify, not
/// looked at again and again.
/// </summary>
public sealed class FirstBoot(VmHost host)
{
    /// <summary>Somebody deleted the VM meanwhile.</summary>
    public const string DeletedCode = "VmDeleted";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    /// <summary>Waits for the end of a first boot and writes down how it came out.</summary>
    /// <exception cref="LumosException">ProvisioningFailed: the VM is now in state failed; <see cref="DeletedCode"/>.</exception>
    public void WaitAndFinish(string uuid, CancellationToken cancel)
    {
        if (host.Loader.Entry(uuid) is not { } entry || host.Zones.TryLoad(entry.Name) is not { } config
            || config.Attr(ZoneConfigMapping.Provisioning) is null)
        {
            return;
        }
        var limit = Limit(config);
        var result = Wait(config, limit, cancel);
        if (cancel.IsCancellationRequested)
        {
            return;
        }
        if (host.Loader.Entry(uuid) is null)
        {
            throw new LumosException(DeletedCode, $"VM {uuid} was deleted before its first boot was over");
        }
        if (result == FirstBootResult.Gone)
        {
            return;
        }
        Finish(uuid, config.Name, result == FirstBootResult.Done);
        if (result != FirstBootResult.Done)
        {
            string why = result switch
            {
                FirstBootResult.TimedOut => $"its first boot did not end within {limit?.TotalSeconds:0} seconds",
                FirstBootResult.Stopped => "it stopped before its first boot was over",
                _ => "the zone reports that its first boot went wrong",
            };
            throw new LumosException("ProvisioningFailed", $"VM {uuid} has its root, but {why}: it is in state failed. "
                + $"{config.ZonePath}/root/var/svc/log and \"zlogin {uuid}\" show how far it came; "
                + $"\"vmadm start --clear-failed {uuid}\" takes it as it is, \"vmadm reprovision {uuid}\" gives it a fresh root, \"vmadm delete {uuid}\" removes it");
        }
    }

    private static TimeSpan? Limit(ZoneConfig config)
    {
        int seconds = int.TryParse(config.Attr(ZoneConfigMapping.ProvisioningTimeout), NumberStyles.None, CultureInfo.InvariantCulture, out int n)
            ? n
            : VmCreator.DefaultTimeout;
        return seconds == 0 ? null : TimeSpan.FromSeconds(seconds);
    }

    private FirstBootResult Wait(ZoneConfig config, TimeSpan? limit, CancellationToken cancel)
    {
        try
        {
            return WaitFor(config, limit, cancel);
        }
        catch (LumosException e) when (e.Code == "ZoneNotConfigured")
        {
            return FirstBootResult.Gone;
        }
    }

    private FirstBootResult WaitFor(ZoneConfig config, TimeSpan? limit, CancellationToken cancel)
    {
        // No clock that can be set: a zone's first boot is when NTP first moves it.
        var before = host.Runtime.Status(config.Name).Uptime ?? TimeSpan.Zero;
        long began = host.Clock.GetTimestamp();
        using var loop = new EventLoop();
        using var inotify = Inotify.Create();
        using var wake = cancel.Register(loop.Stop);
        loop.Add(inotify.Descriptor, PollEvents.Readable, _ => inotify.Read());
        Directory.CreateDirectory(host.Layout.States);
        inotify.Watch(host.Layout.States, FileEvents.MovedTo | FileEvents.Deleted | FileEvents.OnlyDirectory);

        while (!cancel.IsCancellationRequested)
        {
            var marker = LookAtMarker(config, inotify);
            if (marker is Marker.Removed or Marker.Failure)
            {
                return marker == Marker.Failure ? FirstBootResult.ReportedFailure : FirstBootResult.Done;
            }
            if (IsOver(config, out var result))
            {
                return result;
            }
            var left = limit - before - host.Clock.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
            {
                return FirstBootResult.TimedOut;
            }
            loop.RunOnce(marker == Marker.NoRoot && !(left < Soon) ? Soon : left);
        }
        return FirstBootResult.Gone;
    }

    private enum Marker
    {
        There,
        Removed,
        Failure,

        /// <summary>The root is being replaced, or is gone.</summary>
        NoRoot,
    }

    /// <summary>
    /// Looks, and has inotify watch for what changes it; the watch is set first, so that nothing falls between. A watch holds no file
    /// system, a descriptor would: nothing of the zone stays open while we wait, or who deletes the VM meanwhile could not.
    /// </summary>
    private static Marker LookAtMarker(ZoneConfig config, Inotify inotify)
    {
        string rootPath = ZoneRootFiles.RootOf(config.ZonePath);
        if (!Directory.Exists(rootPath))
        {
            return Marker.NoRoot;
        }
        try
        {
            using var root = RootedDirectory.Open(rootPath);
            using var folder = root.OpenSubdirectory(Path.GetDirectoryName(ZoneRootFiles.Marker)!);
            inotify.Watch($"/proc/self/fd/{folder.Handle.Number}",
                FileEvents.Deleted | FileEvents.MovedFrom | FileEvents.MovedTo | FileEvents.SelfDeleted | FileEvents.SelfMoved);
            return folder.Exists(Path.GetFileName(ZoneRootFiles.Marker)) ? Marker.There
                : folder.Exists(Path.GetFileName(ZoneRootFiles.FailureMarker)) ? Marker.Failure
                : Marker.Removed;
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP)
        {
            return Directory.Exists(rootPath) ? Marker.Removed : Marker.NoRoot; // without its directory the marker is gone
        }
    }

    /// <summary>The zone is gone, or has stopped for good.</summary>
    private bool IsOver(ZoneConfig config, out FirstBootResult result)
    {
        result = FirstBootResult.Stopped;
        if (host.Runtime.Status(config.Name).State is ZoneState.Running or ZoneState.Ready or ZoneState.ShuttingDown)
        {
            return false;
        }
        // Someone may be rebooting it, or making or deleting it: with its lock in hand what is seen stands still.
        using var held = host.Lock(config.Name.Text);
        if (host.Zones.TryLoad(config.Name)?.Attr(ZoneConfigMapping.Provisioning) is null)
        {
            result = FirstBootResult.Gone;
            return true;
        }
        var status = host.Runtime.Status(config.Name);
        return status.State is ZoneState.Installed or ZoneState.Incomplete
            || (status.State == ZoneState.Down && status.Exit?.WantsReboot != true);
    }

    private void Finish(string uuid, ZoneName name, bool done)
    {
        using (host.Lock(uuid))
        {
            if (host.Zones.TryLoad(name) is not { } config || config.Attr(ZoneConfigMapping.Provisioning) is null)
            {
                return;
            }
            Note(host, config, done);
        }
        host.Publish(uuid);
    }

    /// <summary>Writes down how a first boot came out. The caller holds the VM's lock.</summary>
    internal static void Note(VmHost host, ZoneConfig config, bool done)
    {
        config = config.WithAttr(ZoneConfigMapping.Provisioning, null).WithAttr(ZoneConfigMapping.ProvisioningTimeout, null);
        host.Zones.Save(done ? config : config.WithAttr(ZoneConfigMapping.Failed, "true", "boolean"));
    }
}
