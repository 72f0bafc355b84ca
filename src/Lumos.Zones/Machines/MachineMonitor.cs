using System.Diagnostics;
using Lumos.Core;
using Lumos.Drivers.Qemu;
using Lumos.Linux.Spawn;

namespace Lumos.Zones.Machines;

/// <summary>What is said to a QEMU that runs.</summary>
internal static class MachineMonitor
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10), BootPatience = TimeSpan.FromSeconds(60), PressAgain = TimeSpan.FromSeconds(15);

    /// <summary>Waits until QEMU has built the machine and its processors run.</summary>
    /// <exception cref="LumosException">MachineNotBuilt: in QEMU's words.</exception>
    internal static void AwaitRun(ZoneSpec zone, ZoneLayout layout, int pid)
    {
        using var init = ProcessHandle.TryOpen(pid);
        try
        {
            using var machine = new RunningMachine(QmpClient.Connect(layout.QmpSocket(zone.Name), BootPatience, () => init is not null && !init.WaitForEnd(TimeSpan.Zero)));
            if (zone.Machine is { LaterBootOrder: { } later } spec)
            {
                machine.SetBootOrder(spec with { BootOrder = later });
            }
        }
        catch (LumosException e)
        {
            string words = MachineConsole.LastWords(zone.LogPath);
            throw new LumosException("MachineNotBuilt", words.Length > 0 ? $"QEMU did not build the machine: {words}" : "QEMU did not build the machine", inner: e);
        }
    }

    /// <summary>
    /// Waits for a guest whose power button was pressed, and presses it again from time to time: one that was still booting has not heard. False: it still runs.
    /// </summary>
    internal static bool AwaitPowerOff(string socket, ProcessHandle init, TimeSpan timeout)
    {
        for (var clock = Stopwatch.StartNew(); ; PressPowerButton(socket, init))
        {
            var left = timeout - clock.Elapsed;
            if (init.WaitForEnd(left < PressAgain ? left > TimeSpan.Zero ? left : TimeSpan.Zero : PressAgain))
            {
                return true;
            }
            if (clock.Elapsed >= timeout)
            {
                return false;
            }
        }
    }

    /// <summary>The guest is told that its power button was pressed.</summary>
    internal static void PressPowerButton(string socket, ProcessHandle init)
    {
        try
        {
            using var qmp = QmpClient.Connect(socket, Patience, () => !init.WaitForEnd(TimeSpan.Zero));
            _ = qmp.Execute("system_powerdown");
        }
        catch (LumosException e) when (e.Code == QmpClient.Silent && init.WaitForEnd(TimeSpan.Zero))
        {
            // It has ended by itself meanwhile, which is what was wanted.
        }
    }
}
