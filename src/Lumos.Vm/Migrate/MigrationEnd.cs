using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Host;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Send;
using Lumos.Zones;

namespace Lumos.Vm.Migrate;

/// <summary>What follows a migration: the copy here goes when the VM is there, or what is there goes when it is to stay here.</summary>
public sealed class MigrationEnd(VmHost host, IMigrationTarget target)
{
    /// <summary>Between looks at a target that does not answer.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The machine that a VM was moved to; null: it is not on its way.</summary>
    public static string? TargetOf(VmHost host, string uuid) =>
        host.Loader.Entry(uuid) is { } entry ? MigrationMark.Of(host.Zones.TryLoad(entry.Name))?.Target : throw VmHost.NotFound(uuid);

    /// <summary>Removes the VM here, once the target has said that it has it.</summary>
    public Outcome Finish(string uuid)
    {
        using var only = VmMigration.Only(host, uuid);
        if (Mark(uuid) is not { Phase: MigrationPhase.Moved } mark)
        {
            throw new LumosException("WrongState", $"VM {uuid} was not moved to another machine: \"vmadm migrate {uuid} HOST\" moves it");
        }
        if (Switch().Ask(uuid) is not (VmState.Running or VmState.Stopped))
        {
            throw new LumosException("TargetFailed", $"{mark.Target} does not say that it has VM {uuid}, so what is here stays: \"vmadm delete {uuid}\" removes it without asking");
        }
        new VmLifecycle(host).Delete(uuid, lives: true);
        return new Outcome($"Successfully removed VM {uuid}, which is on {mark.Target}");
    }

    /// <summary>Takes away what is at the target of a VM that stays here; with force, also without its answer.</summary>
    public Outcome Abort(string uuid, bool force)
    {
        using var only = VmMigration.Only(host, uuid);
        using var held = host.Lock(uuid);
        var mark = Mark(uuid);
        string? state = Switch().Ask(uuid);
        if (state is null && !force)
        {
            throw new LumosException("TargetLost", $"{target.Name} does not answer, so VM {uuid} stays as it is: --force goes on without it, "
                + "for when you know that it does not run there and will not");
        }
        if (state == VmState.Running || (state == VmState.Stopped && mark is null or { Phase: MigrationPhase.Moved }))
        {
            throw new LumosException("VmMoved", $"VM {uuid} is on {target.Name}, in state {state}, and is not taken away from there: \"vmadm delete {uuid}\" there does");
        }
        if (state is not (null or "gone") && target.Run(["delete", uuid]) is { Succeeded: false } answer)
        {
            throw VmMigration.Failed(answer, $"what {target.Name} has of VM {uuid} could not be removed");
        }
        MigrationSwitch.RunHereAgain(host, uuid);
        new VmSender(host).Forget(DatasetName.Parse(host.Load(uuid).Spec.RootDataset), _ => true);
        return new Outcome($"VM {uuid} stays here; {(state is null ? $"{target.Name} was not asked" : $"nothing of it is on {target.Name}")}");
    }

    private MigrationMark? Mark(string uuid) =>
        MigrationMark.Of(host.Zones.TryLoad((host.Loader.Entry(uuid) ?? throw VmHost.NotFound(uuid)).Name));

    private MigrationSwitch Switch() => new(host, target, new MigrationReport(_ => { }, _ => { }), Patience);
}
