using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Machine;

/// <summary>
/// A virtual machine of ours on this workstation.
///
/// Purpose: start QEMU on a <see cref="MachineFolder"/>, find it again from another process, stop it in several ways (as a
/// user would, or as a power cut), without ever touching a QEMU that is not ours.
/// States: none (no machine.json) → made (settings and disks) → running (qemu.json names a live process) → made …
/// On disk: everything in the machine's folder. QEMU detaches itself (-daemonize) once its sockets exist; what says that
/// it runs is its pid together with the time it started, so neither a stale file nor a reused number misleads us.
/// Ports: ssh is forwarded from a port of loopback that the kernel chooses at each start.
/// Failure: an error at start is QEMU's own sentence; afterwards its log is qemu.log, the guest's is serial.log.
/// Tested by test/Lumos.Machine.Tests with a boot sector as guest, and by every live test.
/// </summary>
public sealed class QemuMachine
{
    private static readonly TimeSpan _qmpLimit = TimeSpan.FromSeconds(10);

    private QemuMachine(MachineFolder folder, MachineSettings settings, ProcessIdentity process, int sshPort, Accelerator accelerator)
    {
        Folder = folder;
        Settings = settings;
        Process = process;
        SshPort = sshPort;
        Accelerator = accelerator;
        Ssh = new Ssh(folder, sshPort);
    }

    public MachineFolder Folder { get; }

    public MachineSettings Settings { get; }

    public ProcessIdentity Process { get; }

    public int SshPort { get; }

    public Accelerator Accelerator { get; }

    public Ssh Ssh { get; }

    /// <summary>The guest's kernel gave up, as its serial line tells.</summary>
    public bool HasPanicked => SerialConsole.ReadLog(Folder).Contains("Kernel panic", StringComparison.Ordinal);

    public bool IsRunning => Process.IsAlive;

    /// <summary>The machine of this folder if it runs, else null.</summary>
    public static QemuMachine? FindRunning(MachineFolder folder)
    {
        if (!File.Exists(folder.State) || MachineSettings.Load(folder) is not { } settings)
        {
            return null;
        }
        var state = JsonNode.Parse(File.ReadAllText(folder.State))!;
        var process = ProcessIdentity.FromJson(state);
        var accelerator = new Accelerator((bool)state["kvm"]!, (string)state["why"]!);
        return process.IsAlive
            ? new QemuMachine(folder, settings with { MemoryMiB = (int)state["memory_mib"]!, Cpus = (int)state["cpus"]! },
                process, (int)state["ssh_port"]!, accelerator)
            : null;
    }

    /// <summary>Makes the folder, its settings and its empty sparse disks where they are missing.</summary>
    public static void Prepare(MachineFolder folder, MachineSettings settings)
    {
        folder.Create();
        settings.Save(folder);
        for (int i = 0; i < settings.Disks; i++)
        {
            if (!File.Exists(folder.Disk(i)))
            {
                using var disk = File.Create(folder.Disk(i));
                disk.SetLength(settings.DiskGiB * (1L << 30));
            }
        }
        SshKey.Ensure(folder);
    }

    /// <summary>Starts QEMU and returns when its sockets exist (the guest has only begun to boot).</summary>
    public static QemuMachine Start(MachineFolder folder, MachineSettings settings, BootSource boot, Accelerator accelerator)
    {
        if (FindRunning(folder) is not null)
        {
            throw new LumosException("AlreadyRunning", $"the machine in {folder.Root} is running already");
        }
        if (boot is BootSource.Medium { Firmware: Firmware.Uefi } or BootSource.Disk { Firmware: Firmware.Uefi } && !File.Exists(folder.FirmwareVariables))
        {
            File.Copy(QemuCommand.OvmfVariables, folder.FirmwareVariables);
        }
        CommandResult? run = null;
        // Another program may take the port between our asking for a free one and QEMU's taking it.
        for (int attempt = 0; attempt < 3; attempt++)
        {
            File.Delete(folder.PidFile);
            int port = FreePort();
            run = HostCommand.Run(QemuCommand.Build(folder, settings, boot, accelerator, port), TimeSpan.FromSeconds(30));
            if (run.Status == 0)
            {
                return Recorded(folder, settings, accelerator, port);
            }
            if (!run.ErrorOutput.Contains("hostfwd", StringComparison.Ordinal) &&
                !run.ErrorOutput.Contains("host forwarding", StringComparison.Ordinal))
            {
                break;
            }
        }
        throw new LumosException("QemuFailed", $"QEMU did not start: {run!.ErrorOutput.Trim()}");
    }

    /// <summary>A port of loopback that is free now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public Qmp OpenQmp() => Qmp.Connect(Folder.QmpSocket, _qmpLimit);

    public SerialConsole OpenSerial() => SerialConsole.Connect(Folder);

    /// <summary>Stops the machine as its user would: its own poweroff, else the power button; then QEMU itself.</summary>
    /// <returns>Which way worked.</returns>
    public string Stop(TimeSpan patience)
    {
        bool panicked = HasPanicked;
        // A machine that does not take the command in time is not waited for: it goes on to the power button.
        if (!panicked && Ssh.Run(["poweroff"], TimeSpan.FromSeconds(15)) is { TimedOut: false, Status: not Lumos.Machine.Ssh.ConnectionFailed }
            && Process.WaitForEnd(patience))
        {
            return End("it powered itself off");
        }
        if (IsRunning && !panicked)
        {
            try
            {
                using var qmp = OpenQmp();
                qmp.Execute("system_powerdown");
            }
            catch (Exception e) when (e is IOException or SocketException or LumosException)
            {
                // QEMU may be gone or stuck; what follows deals with both.
            }
            if (Process.WaitForEnd(patience / 3))
            {
                return End("it answered the power button");
            }
        }
        PowerCut();
        return panicked ? "its kernel had panicked, so its power was cut" : "it did not answer, so its power was cut";
    }

    /// <summary>Ends QEMU at once, without the guest's knowledge; what the guest had written so far stays written.</summary>
    public void PowerCut()
    {
        Process.Signal("KILL");
        if (!Process.WaitForEnd(TimeSpan.FromSeconds(20)))
        {
            throw new LumosException("QemuFailed", $"QEMU (process {Process.Pid}) does not end");
        }
        End("");
    }

    /// <summary>The reset button.</summary>
    public void Reset()
    {
        using var qmp = OpenQmp();
        qmp.Execute("system_reset");
        Ssh.Forget();
    }

    /// <summary>Opens the boot drive by force and takes the medium out, whatever the guest says.</summary>
    public void PullBootMedium()
    {
        using var qmp = OpenQmp();
        qmp.Execute("blockdev-open-tray", new JsonObject { ["id"] = QemuCommand.BootDrive, ["force"] = true });
        qmp.Execute("blockdev-remove-medium", new JsonObject { ["id"] = QemuCommand.BootDrive });
    }

    private string End(string how)
    {
        Ssh.Forget();
        File.Delete(Folder.State);
        return how;
    }

    private static QemuMachine Recorded(MachineFolder folder, MachineSettings settings, Accelerator accelerator, int port)
    {
        int pid = int.Parse(File.ReadAllText(folder.PidFile).Trim(), CultureInfo.InvariantCulture);
        var process = ProcessIdentity.Of(pid) ?? throw new LumosException("QemuFailed", $"QEMU ended at once; see {folder.QemuLog}");
        var state = process.ToJson();
        state["ssh_port"] = port;
        state["kvm"] = accelerator.IsKvm;
        state["why"] = accelerator.Why;
        state["memory_mib"] = settings.MemoryMiB;
        state["cpus"] = settings.Cpus;
        File.WriteAllText(folder.State, state.ToJsonString());
        return new QemuMachine(folder, settings, process, port, accelerator);
    }
}
