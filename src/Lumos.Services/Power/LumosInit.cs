using System.Text;
using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Lumos.Linux.Machine;
using Lumos.Linux.Signals;

namespace Lumos.Services.Power;

/// <summary>The real PID 1. Before anything is sent it is made sure that it is lumos-init: to another one the signals mean other things.</summary>
internal sealed class LumosInit : IPid1
{
    public void Request(PowerState state)
    {
        Check();
        ProcessSignals.Send(1, state switch
        {
            PowerState.Halt => Signal.USR1,
            PowerState.PowerOff => Signal.USR2,
            _ => Signal.INT,
        });
    }

    public void EndAtOnce(PowerState state, bool sync)
    {
        Check();
        if (sync)
        {
            DurableFile.SyncAll();
        }
        switch (state)
        {
            case PowerState.Halt:
                Reboot.Halt();
                break;
            case PowerState.PowerOff:
                Reboot.PowerOff();
                break;
            default:
                Reboot.Restart();
                break;
        }
    }

    public void Warn(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes($"\r\n{text}\r\n");
        foreach (string terminal in Directory.GetFiles("/dev/pts").Where(p => Path.GetFileName(p) != "ptmx").Append("/dev/console"))
        {
            try
            {
                using var fd = FileDescriptorIo.Open(terminal, OpenFlags.WriteOnly | OpenFlags.NonBlocking | OpenFlags.NoControllingTerminal);
                _ = fd.Write(bytes);
            }
            catch (ErrnoException)
            {
                // A terminal that hangs or has gone: its user cannot be told.
            }
        }
    }

    private static void Check()
    {
        if (!SelfProcess.IsRoot)
        {
            throw new LumosException("NotRoot", "only root may do this");
        }
        string program = new FileInfo("/proc/1/exe").LinkTarget ?? "";
        if (Path.GetFileName(program) != "lumos-init")
        {
            throw new LumosException("NotLumosInit", $"process 1 is {(program.Length > 0 ? program : "unknown")}, not lumos-init: this is no LumOS machine or zone");
        }
    }
}
