using System.CommandLine;
using Lumos.Machine;

namespace Lumos.Dev.Commands;

/// <summary><c>./lumos down</c>: stops the machine and the image server.</summary>
internal static class DownCommand
{
    public static Command Create(Checkout checkout)
    {
        var command = new Command("down", "Stop the machine: poweroff, else the power button, else its power is cut. Its disks stay");
        command.SetAction(_ => Run(checkout));
        return command;
    }

    public static int Run(Checkout checkout)
    {
        var folder = new MachineFolder(checkout.Machine);
        ImageService.Stop(folder);
        if (QemuMachine.FindRunning(folder) is not { } machine)
        {
            Console.Error.WriteLine("The machine is not running.");
            return 0;
        }
        Console.Error.WriteLine($"The machine is down: {machine.Stop(TimeSpan.FromSeconds(45 * machine.Accelerator.Patience))}.");
        return 0;
    }
}
