using Lumos.Zones;

namespace Lumos.Vm;

/// <summary>
/// The states vmadm shows. They are worked out, never stored: <c>failed</c>, <c>provisioning</c> and <c>receiving</c> from attrs of the
/// configuration, the others from the raw zone state, of which installed is called stopped.
/// </summary>
public static class VmState
{
    public const string Running = "running", Stopped = "stopped", Provisioning = "provisioning", Failed = "failed",
        Incomplete = "incomplete", Configured = "configured",
        Receiving = "receiving";

    public static string Of(ZoneState zone, bool provisioning, bool failed, bool receiving = false) =>
        receiving ? Receiving : failed ? Failed : provisioning ? Provisioning : zone == ZoneState.Installed ? Stopped : zone.Word;
}
