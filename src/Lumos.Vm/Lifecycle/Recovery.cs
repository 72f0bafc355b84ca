using Lumos.Core;
using Lumos.Vm.Host;
using Lumos.Vm.Snapshots;
using Lumos.Zones;

namespace Lumos.Vm.Lifecycle;

/// <summary>Finishes what a note of <see cref="UnfinishedNotes"/> tells. The caller holds the VM's lock.</summary>
public sealed class Recovery(VmHost host)
{
    private const string BootVerb = "boot";

    /// <summary>Does nothing for a VM without a note.</summary>
    /// <exception cref="LumosException">Unfinished: it cannot be finished now; the note stays.</exception>
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
        try
        {
            switch (work.Verb)
            {
                case RollbackWish.Verb:
                    new VmRollback(host).Finish(uuid, work);
                    break;
                case BootVerb:
                    BootNoted(uuid, entry.Name.Text);
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

    /// <summary>Boots a zone, so that a boot that is cut short is tried once more, and one that fails is not.</summary>
    internal void BootNoted(string uuid, string zoneName)
    {
        host.Unfinished.Write(uuid, new UnfinishedWork(BootVerb, []));
        try
        {
            if (host.Runtime.Status(ZoneName.Parse(zoneName)).State.CanBoot)
            {
                new Booter(host).Boot(zoneName);
            }
        }
        finally
        {
            host.Unfinished.Remove(uuid);
        }
    }
}
