namespace Lumos.Zones.Machines;

/// <summary>A file that QEMU is given open. What each of them is, <see cref="MachineFiles"/> knows.</summary>
public abstract record MachineFile
{
    private MachineFile()
    {
    }

    /// <summary>The socket on which QEMU takes commands (QMP).</summary>
    public sealed record Commands : MachineFile;

    /// <summary>The socket on which QEMU tells what happens, to one who stays (QMP, too).</summary>
    public sealed record Events : MachineFile;

    /// <summary>The socket that is the other end of the second serial port.</summary>
    public sealed record SecondSerialPort : MachineFile;

    /// <summary>The socket that is the other end of the port of the guest's agent.</summary>
    public sealed record AgentPort : MachineFile;

    /// <summary>A disk.</summary>
    public sealed record Disk(MachineDisk Of) : MachineFile;

    /// <summary>The other end of a NIC.</summary>
    /// <param name="Nic">Its place in the list.</param>
    public sealed record Cable(int Nic) : MachineFile;

    /// <summary>A firmware of the operator's own.</summary>
    /// <param name="Path">In the global zone.</param>
    public sealed record Firmware(string Path) : MachineFile;

    /// <summary>What the firmware remembers.</summary>
    public sealed record FirmwareVariables : MachineFile;

    /// <summary>The kernel's own virtual machines.</summary>
    public sealed record Kvm : MachineFile;
}
