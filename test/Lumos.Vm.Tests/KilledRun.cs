using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Host;
using Lumos.Zones;

namespace Lumos.Vm.Tests;

/// <summary>
/// A client that is killed: what it does runs on a thread of its own, which stops for good right before its Nth step, as SIGKILL
/// would stop it: nothing is undone, nothing is said. The lock that it held is free then, as the kernel frees it.
/// </summary>
internal static class KilledRun
{
    /// <summary>False: it ended before it came to that step.</summary>
    public static bool Before(int step, TestMachine machine, Action<VmHost> operation)
    {
        var host = machine.NewHost();
        using var over = new SemaphoreSlim(0);
        int steps = 0;
        bool killed = false;
        host.Trace = _ =>
        {
            if (++steps == step)
            {
                killed = true;
                over.Release();
                Thread.Sleep(Timeout.Infinite);
            }
        };
        new Thread(() =>
        {
            try
            {
                operation(host);
            }
            catch (LumosException)
            {
                // It is told to the user; here only what is left counts.
            }
            over.Release();
        })
        { IsBackground = true }.Start();
        over.Wait();
        if (killed)
        {
            // Locks are of files by their inode: who comes next makes new ones.
            Directory.Delete(machine.Layout.Locks, recursive: true);
        }
        return killed;
    }

    /// <summary>Steps of an operation that nobody interrupts.</summary>
    public static int Count(TestMachine machine, Action<VmHost> operation)
    {
        var host = machine.NewHost();
        int steps = 0;
        host.Trace = _ => steps++;
        operation(host);
        return steps;
    }
}

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
            .Distinct().Where(n => n is not (TestMachine.NativeImage or TestMachine.LxImage)), found);
        Compare("folder", names, Directory.Exists(machine.At("zones")) ? Directory.EnumerateDirectories(machine.At("zones")).Select(d => Path.GetFileName(d)) : [], found);
        found.AddRange(Directory.EnumerateFiles(machine.Layout.States).Select(f => Path.GetFileNameWithoutExtension(f)).Where(n => !names.Contains(n)).Select(n => $"state of {n}"));
        string notes = Path.Combine(machine.Layout.Configurations, "unfinished");
        found.AddRange(Directory.Exists(notes) ? Directory.EnumerateFiles(notes).Select(f => "unfinished " + Path.GetFileName(f)) : []);
        return found;
    }

    private static void Compare(string what, HashSet<string> names, IEnumerable<string> there, List<string> found)
    {
        var set = there.ToHashSet();
        found.AddRange(set.Except(names).Select(n => $"{what} of no VM: {n}"));
        found.AddRange(names.Except(set).Select(n => $"no {what} of {n}"));
    }
}
