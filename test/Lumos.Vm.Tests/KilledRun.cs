using Lumos.Core;
using Lumos.Vm.Host;

namespace Lumos.Vm.Tests;

/// <summary>
/// A client that is killed: what it does runs on a thread of its own, which stops for good right before its Nth step, as SIGKILL
/// would stop it: nothing is undone, nothing is said. The lock that it held is free then, as the kernel frees it. Steps are those that
/// an operation tells (<see cref="VmHost.Trace"/>), and the middle of what takes long in a zone.
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
        int thread = 0;
        host.Trace = _ =>
        {
            if (Environment.CurrentManagedThreadId == thread && ++steps == step)
            {
                killed = true;
                over.Release();
                Thread.Sleep(Timeout.Infinite);
            }
        };
        machine.Runtime.OnMiddle = host.Trace;
        new Thread(() =>
        {
            thread = Environment.CurrentManagedThreadId;
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
        machine.Runtime.OnMiddle = null;
        if (killed)
        {
            // Locks are of files by their inode: who comes next makes new ones.
            Directory.Delete(machine.Layout.Locks, recursive: true);
            machine.Runtime.Orphan();
        }
        return killed;
    }

    /// <summary>Steps of an operation that nobody interrupts.</summary>
    public static int Count(TestMachine machine, Action<VmHost> operation)
    {
        var host = machine.NewHost();
        int steps = 0;
        host.Trace = _ => steps++;
        machine.Runtime.OnMiddle = host.Trace;
        operation(host);
        machine.Runtime.OnMiddle = null;
        return steps;
    }
}
