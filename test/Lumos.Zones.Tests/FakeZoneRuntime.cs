using Lumos.Core;

namespace Lumos.Zones.Tests;

/// <summary>Zones in memory: states change as the real ones' do.</summary>
internal sealed class FakeZoneRuntime : IZoneRuntime
{
    internal Dictionary<ZoneName, ZoneState> States { get; } = [];

    public ZoneStatus Status(ZoneName name) => !States.TryGetValue(name, out var state)
        ? throw new LumosException("ZoneNotConfigured", $"zone '{name}' is not configured")
        : state.CanEnter ? new ZoneStatus(state, 5, 500, DateTimeOffset.UnixEpoch, null) : new ZoneStatus(state, null, null, null, null);

    public void Boot(ZoneSpec spec) => States[spec.Name] = States[spec.Name].CanBoot
        ? ZoneState.Running
        : throw new LumosException("ZoneCannotBoot", $"zone '{spec.Name}' is {States[spec.Name].Word}");

    public bool Shutdown(ZoneName name, ZoneShutdown how, TimeSpan timeout)
    {
        Halt(name);
        return true;
    }

    public void Halt(ZoneName name)
    {
        if (States[name].CanHalt)
        {
            States[name] = ZoneState.Installed;
        }
    }

    public ZoneExit? CleanUp(ZoneName name) => null;

    public void ApplyLimits(ZoneSpec spec)
    {
    }

    public void Signal(ZoneName name, int signal)
    {
    }

    public int Exec(ZoneName name, ZoneCommand command) => 0;
}
