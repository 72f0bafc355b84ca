using Lumos.Core;

namespace Lumos.Zones.Tests;

/// <summary>Zones in memory: states change as the real ones' do.</summary>
internal sealed class FakeZoneRuntime : IZoneRuntime
{
    internal Dictionary<ZoneName, ZoneState> States { get; } = [];

    /// <summary>Where the state of a zone stands of which <see cref="States"/> does not know; null: nowhere.</summary>
    internal Lumos.Zones.Config.ZoneConfigStore? Store { get; init; }

    /// <summary>As it was booted last.</summary>
    internal ZoneSpec? Booted { get; private set; }

    public ZoneStatus Status(ZoneName name) => !States.TryGetValue(name, out var state)
        ? Store?.ReadIndex().Find(name) is { } entry ? new ZoneStatus(entry.State, null, null, null, null) : throw new LumosException("ZoneNotConfigured", $"zone '{name}' is not configured")
        : state.CanEnter ? new ZoneStatus(state, 5, 500, DateTimeOffset.UnixEpoch, null) : new ZoneStatus(state, null, null, null, null);

    public ZoneStatus Status(Config.ZoneIndexEntry entry) => Status(entry.Name);

    public void Boot(ZoneSpec spec)
    {
        var state = Status(spec.Name).State;
        States[spec.Name] = state.CanBoot ? ZoneState.Running : throw new LumosException("ZoneCannotBoot", $"zone '{spec.Name}' is {state.Word}");
        Booted = spec;
    }

    public void Ready(ZoneSpec spec) => States[spec.Name] = Status(spec.Name).State == ZoneState.Installed
        ? ZoneState.Ready
        : throw new LumosException("ZoneCannotBoot", $"zone '{spec.Name}' is not installed");

    public bool Shutdown(ZoneName name, ZoneShutdown how, TimeSpan timeout)
    {
        Halt(name);
        return true;
    }

    public void ResumeShutdown(ZoneName name)
    {
    }

    public void Halt(ZoneName name)
    {
        if (Status(name).State.CanHalt)
        {
            States[name] = ZoneState.Installed;
            if (Store is not null)
            {
                States.Remove(name); // what it is then stands in the index
            }
        }
    }

    public ZoneExit? CleanUp(ZoneName name) => null;

    public void ApplyTmpfs(ZoneSpec spec) => throw new NotSupportedException();

    public void ApplyRoutes(ZoneSpec before, ZoneSpec after) => throw new NotSupportedException();

    public void GrowDisk(ZoneName name, int disk, long bytes) => throw new NotSupportedException();

    public ZoneSpec? Limited { get; private set; }

    public void ApplyLimits(ZoneSpec spec) => Limited = spec;

    public void Signal(ZoneName name, int signal)
    {
    }

    public int Exec(ZoneName name, ZoneCommand command) => 0;
}
