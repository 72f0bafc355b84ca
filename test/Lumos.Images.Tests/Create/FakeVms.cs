using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Create;

namespace Lumos.Images.Tests.Create;

/// <summary>One VM, whose guest does what a test says, a step at each look at it.</summary>
internal sealed class FakeVms(ProtoVm vm) : IVms
{
    private readonly Queue<Func<ProtoVm, ProtoVm>> _guest = new();
    private ProtoVm? _kept;

    public ProtoVm Vm { get; set; } = vm;

    /// <summary>What was done to it.</summary>
    public List<string> Done { get; } = [];

    /// <summary>What the guest does after it was started.</summary>
    public FakeVms Does(params Func<ProtoVm, ProtoVm>[] steps)
    {
        foreach (var step in steps)
        {
            _guest.Enqueue(step);
        }
        return this;
    }

    public static Func<ProtoVm, ProtoVm> Says(string key, string value) =>
        vm => vm with { Metadata = new Dictionary<string, string>(vm.Metadata) { [key] = value } };

    public static ProtoVm GoesDown(ProtoVm vm) => vm with { State = "stopped" };

    public ProtoVm Get(Uuid uuid)
    {
        if (Vm.State == "running" && _kept is not null && _guest.TryDequeue(out var step))
        {
            Vm = step(Vm);
        }
        return uuid == Vm.Uuid ? Vm : throw new LumosException("VmNotFound", $"no VM {uuid}");
    }

    public void Start(Uuid uuid) => (Vm, _) = (Vm with { State = "running" }, Say("start"));

    public void Stop(Uuid uuid, bool force) => (Vm, _) = (Vm with { State = "stopped" }, Say(force ? "halt" : "stop"));

    public void Update(Uuid uuid, JsonObject payload) => Say("update " + payload.ToJsonString());

    public void CreateSnapshot(Uuid uuid, string name) => (_kept, Vm, _) = (Vm, Vm with { Snapshots = [name] }, Say("snapshot " + name));

    public void RollbackSnapshot(Uuid uuid, string name) => (Vm, _) = (_kept! with { Snapshots = [name] }, Say("rollback " + name));

    public void DeleteSnapshot(Uuid uuid, string name) => (_kept, Vm, _) = (null, Vm with { Snapshots = [] }, Say("forget " + name));

    private bool Say(string what)
    {
        Done.Add(what);
        return true;
    }
}
