using Lumos.Drivers.Datasets;
using Lumos.Zones;

namespace Lumos.Vm.Tests;

/// <summary>What of a machine belongs to no VM, or is missing of one.</summary>
internal static class Orphans
{
    public static IReadOnlyList<string> Of(TestMachine machine)
    {
        var found = new List<string>();
        var entries = machine.Host.Zones.ReadIndex().Zones.ToList();
        var names = entries.Select(e => e.Name.Text).ToHashSet();
        found.AddRange(entries.Where(e => e.State != ZoneState.Installed).Select(e => $"{e.Name} is {e.State.Word}"));
        Compare("configuration", names, Directory.EnumerateFiles(machine.Layout.Configurations, "*.xml").Select(f => Path.GetFileNameWithoutExtension(f)), found);
        Compare("dataset", names, machine.Datasets.List(null, DatasetKinds.Live).Where(d => d.Dataset.Parent is not null).Select(d => d.Name.Split('/')[1])
            .Distinct().Where(n => n is not (TestMachine.NativeImage or TestMachine.LxImage or TestMachine.OtherNativeImage or TestMachine.DockerImage or TestMachine.DiskImage or "archive")), found);
        Compare("folder", names, Directory.Exists(machine.At("zones")) ? Directory.EnumerateDirectories(machine.At("zones")).Select(d => Path.GetFileName(d)).Where(n => n != "archive") : [], found);
        found.AddRange(Directory.Exists(machine.At("zones/archive")) ? Directory.EnumerateDirectories(machine.At("zones/archive"), "*.unfinished") : []);
        found.AddRange(Directory.EnumerateFiles(machine.Layout.States).Select(f => Path.GetFileNameWithoutExtension(f)).Where(n => !names.Contains(n)).Select(n => $"state of {n}"));
        foreach (string folder in machine.Host.Unfinished.Folders.Where(Directory.Exists))
        {
            found.AddRange(Directory.EnumerateFiles(folder).Select(f => "unfinished " + Path.GetFileName(f)));
        }
        return found;
    }

    private static void Compare(string what, HashSet<string> names, IEnumerable<string> there, List<string> found)
    {
        var set = there.ToHashSet();
        found.AddRange(set.Except(names).Select(n => $"{what} of no VM: {n}"));
        found.AddRange(names.Except(set).Select(n => $"no {what} of {n}"));
    }
}
