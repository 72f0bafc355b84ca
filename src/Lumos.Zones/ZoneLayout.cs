using Lumos.Drivers.Hosting;
using Lumos.Zones.Runtime;

namespace Lumos.Zones;

/// <summary>Where zones keep what they keep. Tests move the whole of it under a folder of their own.</summary>
public sealed record ZoneLayout
{
    /// <summary>Holds index, did.txt and one UUID.xml for each zone.</summary>
    public string Configurations { get; init; } = "/etc/zones";

    /// <summary>Holds one folder for each zone that is not simply installed.</summary>
    public string Run { get; init; } = "/run/lumos/zones";

    /// <summary>
    /// Holds UUID.json, the record of a zone that is up, replaced at each change of its state and removed when it is cleaned
    /// away. With <see cref="Exits"/> it is all that a watcher (inotify) needs.
    /// </summary>
    public string States { get; init; } = "/run/lumos/zone-states";

    /// <summary>Holds a file UUID, written by the zone's monitor when init has ended: its exit status in decimal.</summary>
    public string Exits { get; init; } = "/run/lumos/zone-exits";

    /// <summary>Holds UUID.json: what has become of a machine since its last boot.</summary>
    public string Machines { get; init; } = "/run/lumos/machines";

    public string Locks { get; init; } = "/run/lumos/locks";

    /// <summary>Holds UUID.json for a change of a VM that somebody has to finish, and that is over when the machine goes down.</summary>
    public string Unfinished { get; init; } = "/run/lumos/unfinished";

    /// <summary>Who runs the instructions of guests, as was found out since the machine booted.</summary>
    public string Accelerator { get; init; } = "/run/lumos/accelerator";

    /// <summary>Where vmadmd takes requests.</summary>
    public string AdminSocket { get; init; } = "/run/lumos/vmadmd.sock";

    /// <summary>What stands before /POOL/NAME in the paths of zones; nothing but in tests.</summary>
    public string MountRoot { get; init; } = "";

    /// <summary>The platform's /usr, bound into zones.</summary>
    public string PlatformUsr { get; init; } = "/usr";

    /// <summary>The cgroup that holds the zones' cgroups, below the root of the hierarchy.</summary>
    public string CgroupParent { get; init; } = "/zones";

    /// <summary>The cgroup of the monitors, below the root of the hierarchy.</summary>
    public string MonitorCgroup { get; init; } = "/zoneadm";

    /// <summary>How links of zones are named.</summary>
    public ZoneLinkNames Links { get; init; } = ZoneLinkNames.Live;

    /// <summary>That of the machine we are on: its own, or a host's that we share.</summary>
    /// <exception cref="Lumos.Core.LumosException">BadHostedConfig.</exception>
    public static ZoneLayout OfMachine() => new() { Links = ZoneLinkNames.Of(HostedFile.Load()) };

    public string IndexFile => Path.Combine(Configurations, "index");

    public string NextDebugIdFile => Path.Combine(Configurations, "did.txt");

    public string ConfigFile(ZoneName name) => Path.Combine(Configurations, name.Text + ".xml");

    public string RunFolder(ZoneName name) => Path.Combine(Run, name.Text);

    /// <summary>Where the metadata agent makes the zone's socket; there from just before its record is until it is cleared.</summary>
    public string ControlFolder(ZoneName name) => Path.Combine(RunFolder(name), "control");

    /// <summary>What a zone that is up sees at /checkpoints.</summary>
    public string CheckpointsFolder(ZoneName name) => Path.Combine(RunFolder(name), "checkpoints");

    /// <summary>Where the user namespace of a zone that is up is pinned.</summary>
    public string UserNamespaceFile(ZoneName name) => Path.Combine(RunFolder(name), "userns");

    /// <summary>Where QEMU of a zone that is up takes commands.</summary>
    public string QmpSocket(ZoneName name) => Path.Combine(RunFolder(name), "qmp");

    /// <summary>Where QEMU of a zone that is up tells what happens.</summary>
    public string EventSocket(ZoneName name) => Path.Combine(RunFolder(name), "qmp-events");

    /// <summary>What has become of the zone's machine since its last boot.</summary>
    public string LifeFile(ZoneName name) => Path.Combine(Machines, name.Text + ".json");

    /// <summary>The other end of the second serial port of a machine that is up.</summary>
    public string SecondSerialPort(ZoneName name) => Path.Combine(RunFolder(name), "com2");

    /// <summary>The other end of the port of a guest's agent.</summary>
    public string GuestAgentSocket(ZoneName name) => Path.Combine(RunFolder(name), "qga");

    /// <summary>Where the screen of a machine that is up can be seen.</summary>
    public string DisplayFile(ZoneName name) => Path.Combine(RunFolder(name), "display.json");

    public string StateFile(ZoneName name) => Path.Combine(States, name.Text + ".json");

    public string ExitFile(ZoneName name) => Path.Combine(Exits, name.Text);

    /// <summary>Held while a zone changes state.</summary>
    public string StateLock(ZoneName name) => Path.Combine(Locks, $"zone.{name.Text}.lock");

    /// <summary>Held by whoever changes a VM or its configuration.</summary>
    public string VmLock(string uuid) => Path.Combine(Locks, $"vm.{uuid}.lock");

    /// <summary>Held while the index is rewritten.</summary>
    public string IndexLock => Path.Combine(Locks, "zones.index.lock");
}
