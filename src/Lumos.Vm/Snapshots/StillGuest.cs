using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Qemu;
using Lumos.Vm.Host;
using Lumos.Vm.Lifecycle;
using Lumos.Zones;

namespace Lumos.Vm.Snapshots;

/// <summary>
/// A guest whose agent has been asked to hold its file systems still (fsfreeze), for as long as this is not disposed of. One that does not answer is a warning: the snapshot is then what a power cut
/// would leave. A guest held still does nothing, so what holds it is short, and never forgotten: it is noted before, and who is killed is followed by whoever takes the VM's lock, vmadmd at once.
/// </summary>
internal sealed class StillGuest : IDisposable
{
    /// <summary>Of the note. A power cut leaves no guest.</summary>
    internal const string Verb = "freeze";

    /// <summary>For the first answer; for the file systems to come to rest, which writes out what they hold; for them to go on.</summary>
    private static readonly TimeSpan HelloTime = TimeSpan.FromSeconds(3), FreezeTime = TimeSpan.FromSeconds(10), ThawTime = TimeSpan.FromSeconds(5);

    private readonly VmHost _host;
    private readonly string _uuid;
    private GuestAgent? _agent;

    private StillGuest(VmHost host, string uuid, GuestAgent agent) => (_host, _uuid, _agent) = (host, uuid, agent);

    /// <summary>Null: it has no agent, or does not run, or the agent does not do it, which is said. The caller holds the VM's lock.</summary>
    internal static StillGuest? TryFreeze(VmHost host, VmSpec vm, ZoneStatus status)
    {
        if (!vm.IsMachine || !vm.Flag("qga") || status.InitPid is null)
        {
            return null;
        }
        string uuid = vm.Text("uuid")!;
        StillGuest? still = null;
        try
        {
            still = new StillGuest(host, uuid, Connect(host, ZoneName.Parse(vm.ZoneName)));
            host.Unfinished.Write(uuid, new UnfinishedWork(Verb, new JsonObject()) { EndsWithPower = true });
            host.Trace("hold the guest's file systems");
            _ = still._agent!.Execute("guest-fsfreeze-freeze", FreezeTime);
            return still;
        }
        catch (LumosException e) when (e.Code is GuestAgent.Silent or GuestAgent.Refused)
        {
            host.Say($"the file systems in the guest of VM {uuid} are not held still, so that the snapshot is as after a power cut: {e.Message}");
            still?.Dispose(); // one that is late may hold them yet
            return null;
        }
    }

    /// <summary>Lets the guest go on.</summary>
    public void Dispose()
    {
        var agent = _agent;
        _agent = null;
        if (agent is null)
        {
            return;
        }
        using (agent)
        {
            try
            {
                _ = agent.Execute("guest-fsfreeze-thaw", ThawTime);
            }
            catch (LumosException)
            {
                agent.Dispose(); // an answer that came late stands in the way of the next: once more from the beginning
                Thaw(_host, _uuid);
            }
        }
        _host.Unfinished.Remove(_uuid);
    }

    /// <summary>Lets a guest go on that somebody who was killed may have held.</summary>
    internal static void GoOn(VmHost host, string uuid)
    {
        Thaw(host, uuid);
        host.Unfinished.Remove(uuid);
    }

    private static void Thaw(VmHost host, string uuid)
    {
        var name = ZoneName.Parse(host.Load(uuid).Spec.ZoneName);
        if (host.Runtime.Status(name).InitPid is null)
        {
            return;
        }
        try
        {
            using var agent = Connect(host, name);
            _ = agent.Execute("guest-fsfreeze-thaw", ThawTime);
        }
        catch (LumosException e) when (e.Code is GuestAgent.Silent or GuestAgent.Refused)
        {
            host.Say($"the guest of VM {uuid} may still hold its file systems still: {e.Message}; \"fsfreeze -u\" in it, or a reboot, lets go");
        }
    }

    private static GuestAgent Connect(VmHost host, ZoneName name) => GuestAgent.Connect(host.Layout.GuestAgentSocket(name), HelloTime);
}
