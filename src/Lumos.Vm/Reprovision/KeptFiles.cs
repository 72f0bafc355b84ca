using Lumos.Core;
using Lumos.Linux.Files;
using Lumos.Zones.Docker;

namespace Lumos.Vm.Reprovision;

/// <summary>What lies beside a VM's root and outlives it: copied to the new root's dataset while the zone is down.</summary>
internal static class KeptFiles
{
    internal static void Bring(ReprovisionStep.KeepCores cores)
    {
        string from = Path.Combine(cores.From, "cores");
        if (!Directory.Exists(from) || !Directory.EnumerateFileSystemEntries(from).Any())
        {
            return;
        }
        try
        {
            TreeCopy.Copy(from, Path.Combine(cores.To, "cores"));
            DurableFile.SyncFileSystem(cores.To);
        }
        catch (IOException e)
        {
            throw new LumosException("CoresNotKept", $"the cores in {from} cannot be brought over to the new root: move them elsewhere, or remove them", inner: e);
        }
    }

    internal static void Bring(ReprovisionStep.KeepVolumes volumes)
    {
        try
        {
            if (DockerVolumes.Bring(volumes.From, volumes.To))
            {
                DurableFile.SyncFileSystem(volumes.To);
            }
        }
        catch (IOException e)
        {
            throw new LumosException("VolumesNotKept", $"the volumes in {volumes.From}/volumes cannot be brought over to the new root, for which there has to be room "
                + "in the VM's quota and, until the old root is gone, in the pool once more", inner: e);
        }
    }
}
