using System.CommandLine;
using Lumos.Machine;

namespace Lumos.Dev.Commands;

/// <summary><c>./lumos status</c>: what runs and where; exit status 0 when the machine runs and answers, else 1.</summary>
internal static class StatusCommand
{
    public static Command Create(Checkout checkout)
    {
        var command = new Command("status", "Say whether the machine runs, its hardware, ports and files (exit status 1 when it does not answer)");
        command.SetAction(_ => Run(checkout));
        return command;
    }

    private static int Run(Checkout checkout)
    {
        var folder = new MachineFolder(checkout.Machine);
        if (QemuMachine.FindRunning(folder) is not { } machine)
        {
            Console.WriteLine(MachineSettings.Load(folder) is null ? "machine: none (./lumos up makes one)" : "machine: not running (./lumos up starts it)");
            return 1;
        }
        var hardware = machine.Settings;
        Console.WriteLine($"machine: running, process {machine.Process.Pid}");
        Console.WriteLine($"hardware: {hardware.Cpus} CPUs, {hardware.MemoryMiB} MiB, {hardware.Disks} disks of {hardware.DiskGiB} GiB");
        Console.WriteLine($"accelerator: {(machine.Accelerator.IsKvm ? "KVM" : "TCG")} ({machine.Accelerator.Why})");
        Console.WriteLine($"ssh: root@127.0.0.1 port {machine.SshPort}, key {folder.PrivateKey}");
        Console.WriteLine($"serial log: {folder.SerialLog}");
        Console.WriteLine($"image server: {ImageService.FindRunning(folder)?.ToString() ?? "not running"}");
        var answer = machine.Ssh.RunScript("cat /etc/version/platform; zpool list -H -o name,health; svcs -x; vmadm list", TimeSpan.FromSeconds(20));
        Console.WriteLine(answer.Status == Ssh.ConnectionFailed || answer.TimedOut ? "global zone: does not answer" : $"global zone:\n{answer.Output.TrimEnd()}");
        return answer.Status == Ssh.ConnectionFailed || answer.TimedOut ? 1 : 0;
    }
}
