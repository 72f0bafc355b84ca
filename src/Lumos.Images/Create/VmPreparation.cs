using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Import;

namespace Lumos.Images.Create;

/// <summary>
/// Has a VM prepare itself for imaging, by SmartOS's contract: it boots with the script as its operator-script; the script says
/// <c>prepare-image:state</c> running, then success or error (<c>prepare-image:error</c>), and shuts the VM down. Each of these has
/// <see cref="Patience"/>. Before that the VM is stopped and a snapshot taken, and whatever happens it goes back to that and runs
/// again if it ran.
/// </summary>
internal sealed class VmPreparation(IVms vms, ImportReport report, TimeProvider clock, Action<TimeSpan> pause, CancellationToken stop)
{
    public const string Snapshot = "imgadm-create-pre-prepare";

    private const string State = "prepare-image:state", Error = "prepare-image:error";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5), Pause = TimeSpan.FromMilliseconds(500);

    /// <param name="undo">Gets the way back.</param>
    /// <exception cref="LumosException">PrepareImageDidNotRun, PrepareImageError.</exception>
    public void Run(ProtoVm vm, string script, UndoStack undo)
    {
        if (vm.Snapshots.Contains(Snapshot))
        {
            throw new LumosException("PrepareImageError", $"VM {vm.Uuid} has a snapshot {Snapshot} of a run that was cut short: \"vmadm rollback-snapshot {vm.Uuid} {Snapshot}\" "
                + $"and \"vmadm delete-snapshot {vm.Uuid} {Snapshot}\" take it back to before that");
        }
        if (!vm.IsStopped)
        {
            report.Say($"Stopping VM {vm.Uuid} to snapshot it");
            undo.Push($"start VM {vm.Uuid}", () =>
            {
                report.Say($"Restarting VM {vm.Uuid} (cleanup)");
                vms.Start(vm.Uuid);
            });
            vms.Stop(vm.Uuid);
        }
        report.Say($"Snapshotting VM \"{vm.Uuid}\" to @{Snapshot}");
        undo.Push($"roll VM {vm.Uuid} back", () => Return(vm.Uuid)); // first: what is interrupted may have taken it
        vms.CreateSnapshot(vm.Uuid, Snapshot);
        vms.Update(vm.Uuid, new JsonObject
        {
            ["set_internal_metadata"] = new JsonObject { ["operator-script"] = script },
            ["remove_customer_metadata"] = new JsonArray(State, Error),
        });
        report.Say($"Preparing VM {vm.Uuid} (starting it)");
        vms.Start(vm.Uuid);
        if (!Wait(vm.Uuid, seen => seen.Metadata.ContainsKey(State) || seen.IsStopped) || vms.Get(vm.Uuid) is { IsStopped: true } early && !early.Metadata.ContainsKey(State))
        {
            throw new LumosException("PrepareImageDidNotRun", $"the prepare-image script never said {State} in VM {vm.Uuid}: "
                + "has the VM a mdata-put, and does it run sdc:operator-script at boot?");
        }
        report.Say("Prepare script is running");
        if (!Wait(vm.Uuid, seen => seen.Metadata.GetValueOrDefault(State) is "success" or "error" || seen.IsStopped))
        {
            throw Failed(vm.Uuid, $"it did not end within {Patience.TotalMinutes:0} minutes");
        }
        var ended = vms.Get(vm.Uuid);
        if (ended.Metadata.GetValueOrDefault(State) != "success")
        {
            throw Failed(vm.Uuid, ended.Metadata.GetValueOrDefault(Error) ?? "the VM went down before it said success");
        }
        report.Say("Prepare script succeeded");
        if (!Wait(vm.Uuid, seen => seen.IsStopped))
        {
            throw Failed(vm.Uuid, $"the VM did not shut down within {Patience.TotalMinutes:0} minutes");
        }
        report.Say($"Prepare script stopped VM {vm.Uuid}");
    }

    private void Return(Uuid vm)
    {
        var now = vms.Get(vm);
        if (!now.Snapshots.Contains(Snapshot))
        {
            return;
        }
        report.Say($"Rollback VM {vm} to pre-prepare snapshot (cleanup)");
        if (!now.IsStopped)
        {
            vms.Stop(vm, force: true);
        }
        vms.RollbackSnapshot(vm, Snapshot);
        vms.DeleteSnapshot(vm, Snapshot);
    }

    private bool Wait(Uuid vm, Func<ProtoVm, bool> until)
    {
        for (long start = clock.GetTimestamp(); clock.GetElapsedTime(start) < Patience; pause(Pause))
        {
            stop.ThrowIfCancellationRequested();
            if (until(vms.Get(vm)))
            {
                return true;
            }
        }
        return false;
    }

    private static LumosException Failed(Uuid vm, string why) => new("PrepareImageError", $"the prepare-image script failed in VM {vm}: {why}");
}
