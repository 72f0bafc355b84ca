using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Vm.Host;
using Lumos.Vm.Reprovision;
using Lumos.Vm.Snapshots;
using Lumos.Vm.Update;
using Lumos.Zones;

namespace Lumos.Vm.Lifecycle;

/// <summary>
/// Goes on with what a note of <see cref="UnfinishedNotes"/> tells. The caller holds the VM's lock.
/// <list type="bullet">
/// <item>rollback: finished. What a dataset held does not come back.</item>
/// <item>reprovision: taken back until the roots change places, finished from there on.</item>
/// <item>update: finished; what is refused is taken back (<see cref="VmUpdater.GoOn"/>).</item>
/// <item>start, reboot, boot: finished, tried once.</item>
/// <item>freeze: a guest whose file systems were held still for a snapshot goes on.</item>
/// <item>stop: taken back as long as the zone has not been asked, finished from there on.</item>
/// </list>
/// </summary>
public sealed class Recovery(VmHost host)
{
    private const string BootVerb = "boot";
    private const int BootAttempts = 3;
    private static readonly TimeSpan BootPause = TimeSpan.FromMilliseconds(500);

    /// <summary>Does nothing for a VM without a note.</summary>
    /// <exception cref="LumosException">Unfinished: it cannot be finished now. The note stays if it is to be tried again.</exception>
    public void Finish(string uuid)
    {
        if (!host.Unfinished.Exists(uuid) || host.Unfinished.TryRead(uuid) is not { } work)
        {
            return;
        }
        if (host.Loader.Entry(uuid) is not { } entry)
        {
            host.Unfinished.Remove(uuid); // the VM went meanwhile
            return;
        }
        LeftFiles.Remove(host, entry.Name, entry.Path);
        if (entry.State == ZoneState.Incomplete)
        {
            return; // it is being deleted, and the note goes with it
        }
        try
        {
            switch (work.Verb)
            {
                case RollbackWish.Verb:
                    new VmRollback(host).Finish(uuid, work);
                    break;
                case ReprovisionWish.Verb:
                    new VmReprovision(host).Finish(uuid, work);
                    break;
                case VmUpdater.Verb:
                    new VmUpdater(host).GoOn(uuid, work);
                    break;
                case RunChange.Start or RunChange.Stop or RunChange.Reboot:
                    new RunChange(host, uuid, entry.Name).GoOn(work);
                    break;
                case StillGuest.Verb:
                    StillGuest.GoOn(host, uuid);
                    break;
                case BootVerb:
                    // Who had a VM here again that was to be moved has got no further than this note.
                    Migrate.MigrationSwitch.TakeMarkOff(host, entry.Name);
                    host.Trace("boot");
                    BootNoted(uuid, entry.Name.Text, ZoneRestartsOf(work), work.EndsWithPower);
                    break;
                default:
                    throw new LumosException("InvalidNote", $"it is a {work.Verb}, which this release does not know");
            }
        }
        catch (Exception e) when (e is LumosException or IOException)
        {
            throw new LumosException("Unfinished", $"a {work.Verb} of VM {uuid} was cut short and cannot be finished", inner: e);
        }
        host.Publish(uuid);
    }

    /// <summary>
    /// Boots after somebody who was killed. A program of the OCI runtime that he started may still be at it: what it does and what we do
    /// meet, and one of both fails. It is gone a moment later.
    /// </summary>
    internal static void Boot(Action boot)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                boot();
                return;
            }
            catch (LumosException e) when (e.Code == "ZoneBootFailed" && attempt < BootAttempts)
            {
                Thread.Sleep(BootPause);
            }
        }
    }

    /// <summary>Boots a zone, so that a boot that is cut short is tried once more, and one that fails is not.</summary>
    /// <param name="endsWithPower">What the zone was before does not matter when the power fails: it boots with the machine or does not.</param>
    internal void BootNoted(string uuid, string zoneName, ZoneRestarts? restarts = null, bool endsWithPower = false)
    {
        NoteBoot(uuid, restarts, endsWithPower);
        try
        {
            var name = ZoneName.Parse(zoneName);
            if (host.Runtime.Status(name).State.CanBoot)
            {
                Boot(() => new Booter(host).Boot(host.Zones.Load(name), restarts));
            }
        }
        finally
        {
            host.Unfinished.Remove(uuid);
        }
    }

    /// <summary>Writes down that a zone is to be booted, for who clears it away before that.</summary>
    internal void NoteBoot(string uuid, ZoneRestarts? restarts, bool endsWithPower)
    {
        var facts = new JsonObject();
        if (restarts is not null)
        {
            (facts["restarts"], facts["restarts_in_row"]) = (restarts.Total, restarts.InRow);
        }
        host.Unfinished.Write(uuid, new UnfinishedWork(BootVerb, facts) { EndsWithPower = endsWithPower });
    }

    private static ZoneRestarts? ZoneRestartsOf(UnfinishedWork work) =>
        work.Facts["restarts"] is { } total && work.Facts["restarts_in_row"] is { } row ? new ZoneRestarts(total.GetValue<int>(), row.GetValue<int>()) : null;
}
