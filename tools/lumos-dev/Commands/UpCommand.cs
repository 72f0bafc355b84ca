using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.LiveImage;
using Lumos.LiveImage.ZoneImages;
using Lumos.Machine;

namespace Lumos.Dev.Commands;

/// <summary><c>./lumos up</c>: from a fresh clone to a machine with a pool and two running zones.</summary>
internal static class UpCommand
{
    /// <summary>What the user asked of the machine; null: as it was made, or the default.</summary>
    private sealed record Request(int? Disks, int? DiskGiB, int? MemoryMiB, int? Cpus, bool Fresh, bool Iso, bool Yes);

    public static Command Create(Checkout checkout)
    {
        var disks = new Option<int?>("--disks") { Description = "Number of disks (default 4)", HelpName = "N" };
        var size = new Option<string?>("--disk-size") { Description = "Size of each disk in GiB (default 8); the files are sparse", HelpName = "G" };
        var memory = new Option<string?>("--memory") { Description = "Memory, such as 1G or 1536M (default 2G)", HelpName = "M" };
        var cpus = new Option<int?>("--cpus") { Description = "CPUs (default 2)", HelpName = "N" };
        var fresh = new Option<bool>("--fresh") { Description = "Make the machine anew: its disks are lost" };
        var iso = new Option<bool>("--iso") { Description = "Boot the ISO, as a user's machine would, instead of kernel and boot archive directly" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Install missing Debian packages without asking" };
        var command = new Command("up", "Build the image, boot it, set the machine up, import both images and run a zone of each")
        {
            disks, size, memory, cpus, fresh, iso, yes,
        };
        command.SetAction(parsed => Run(checkout, new Request(parsed.GetValue(disks), Size.Parse("--disk-size", parsed.GetValue(size), Size.GiB),
            Size.Parse("--memory", parsed.GetValue(memory), Size.MiB), parsed.GetValue(cpus), parsed.GetValue(fresh), parsed.GetValue(iso), parsed.GetValue(yes))));
        return command;
    }

    private static int Run(Checkout checkout, Request request)
    {
        var folder = new MachineFolder(checkout.Machine);
        if (request.Fresh)
        {
            DownCommand.Run(checkout);
        }
        var machine = QemuMachine.FindRunning(folder);
        if (machine is not null && File.Exists(folder.Ready))
        {
            Console.Error.WriteLine("The machine is running already; ./lumos status tells more, ./lumos down stops it.");
            return 0;
        }
        var settings = Settings(folder, request);
        Prerequisites.Ensure(Need.Compile | Need.Image | Need.Machine, request.Yes);
        var stages = new Stages(Path.Combine(checkout.Logs, "up.log"));
        var options = Artifacts.Options(checkout, stages, locked: false);
        if (machine is not null)
        {
            stages.Say("The machine is running; going on where the last ./lumos up stopped.");
        }
        else
        {
            machine = Boot(folder, settings, request, options, stages);
        }
        Finish(checkout, folder, machine, options, stages);
        return 0;
    }

    private static QemuMachine Boot(MachineFolder folder, MachineSettings settings, Request request, BuildOptions options, Stages stages)
    {
        var platform = Artifacts.BuildPlatform(options, stages);
        if (request.Fresh)
        {
            stages.Run("remove the old machine", folder.Delete);
        }
        var accelerator = stages.Run("choose the accelerator", () => Accelerator.Choose(Path.Combine(options.OutDirectory, "cache")));
        stages.Say($"QEMU runs with {(accelerator.IsKvm ? "KVM" : "TCG")}: {accelerator.Why}.");
        return stages.Run("start the machine", () =>
        {
            QemuMachine.Prepare(folder, settings);
            File.Delete(folder.Ready);
            string answers = EnsureAnswers(folder, settings);
            BootSource boot = request.Iso ? FromMedium(folder, platform, answers) : Directly(folder, platform, answers);
            return QemuMachine.Start(folder, settings, boot, accelerator);
        });
    }

    /// <summary>From a machine that boots to one with a running zone of each image. Each step finds what an earlier run has done.</summary>
    private static void Finish(Checkout checkout, MachineFolder folder, QemuMachine machine, BuildOptions options, Stages stages)
    {
        var zone = new GlobalZone(machine);
        TimeSpan Patient(int seconds) => TimeSpan.FromSeconds(seconds * machine.Accelerator.Patience);
        stages.Run("boot, first boot, ssh", () => zone.WaitForSsh(Patient(120)));
        stages.Run("pool ONLINE", () => zone.WaitForPool(Patient(60)));
        stages.Run("services online", () => zone.WaitForServices(Patient(60)));
        var images = Artifacts.BuildImages(options, stages, ZoneImageBuilder.WithThePlatform);
        var server = stages.Run("start the image server", () => ImageService.Ensure(checkout, folder));
        stages.Run("imgadm sources -a " + server.UrlInGuest, () => zone.UseImageSource(server.UrlInGuest));
        var zones = new List<(string Alias, Guid Uuid)>();
        foreach (var image in images)
        {
            stages.Run($"imgadm import {image.Name}", () => zone.ImportImage(image.Uuid));
            zones.Add(stages.Run($"vmadm create ({image.Name})", () => CreateZone(zone, image)));
        }
        foreach (var (alias, uuid) in zones)
        {
            stages.Run($"zone {alias} runs", () => zone.WaitForZone(uuid, Patient(60)));
        }
        File.WriteAllText(folder.Ready, "");
        Console.Error.WriteLine();
        Console.Out.Write(zone.Run("vmadm", "list").OrThrow().Output);
        Console.Error.WriteLine($"""

            The machine is up. Go on with:
              ./lumos exec vmadm list
              ./lumos exec zlogin {zones[0].Uuid} svcs
              ./lumos ssh          a shell in the global zone
              ./lumos console      its serial console
              ./lumos down         stop it; its disks stay, and ./lumos up starts it again
            Log: {stages.Log}   Serial log: {folder.SerialLog}
            """);
    }

    /// <summary>The machine's settings with what the user asked for. Disks belong to the machine: they change with --fresh only.</summary>
    private static MachineSettings Settings(MachineFolder folder, Request request)
    {
        var made = request.Fresh ? null : MachineSettings.Load(folder);
        if (made is not null && ((request.Disks ?? made.Disks) != made.Disks || (request.DiskGiB ?? made.DiskGiB) != made.DiskGiB))
        {
            throw new UsageException($"the machine has {made.Disks} disks of {made.DiskGiB} GiB; add --fresh to make it anew (its disks are lost)");
        }
        var basis = made ?? MachineSettings.Default();
        return (basis with
        {
            Disks = request.Disks ?? basis.Disks,
            DiskGiB = request.DiskGiB ?? basis.DiskGiB,
            MemoryMiB = request.MemoryMiB ?? basis.MemoryMiB,
            Cpus = request.Cpus ?? basis.Cpus,
        }).Checked();
    }

    private static string EnsureAnswers(MachineFolder folder, MachineSettings settings)
    {
        if (!File.Exists(folder.Answers))
        {
            string json = new Answers
            {
                RootPassword = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)),
                AuthorizedKeys = File.ReadAllText(folder.PublicKey),
            }.ToJson(settings);
            File.WriteAllText(folder.Answers, json);
            File.SetUnixFileMode(folder.Answers, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        return File.ReadAllText(folder.Answers);
    }

    private static BootSource.Direct Directly(MachineFolder folder, PlatformImage platform, string answers)
    {
        BootMedium.WriteBootArchive(platform.BootArchive, folder.BootArchive, new Dictionary<string, string> { ["answers.json"] = answers });
        return new BootSource.Direct(platform.Kernel, folder.BootArchive, BootSource.DirectCommandLine);
    }

    private static BootSource.Medium FromMedium(MachineFolder folder, PlatformImage platform, string answers)
    {
        BootMedium.WriteConfigIso(folder.ConfigIso, answers);
        return new BootSource.Medium(platform.Iso, folder.ConfigIso, Firmware.Bios);
    }

    /// <summary>The zone that shows an image: made from its payload unless a VM with that alias is there.</summary>
    private static (string Alias, Guid Uuid) CreateZone(GlobalZone zone, ZoneImage image)
    {
        string file = Path.Combine(AppContext.BaseDirectory, "payloads", image.Name + ".json");
        var payload = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        payload["image_uuid"] = image.Uuid.ToString();
        string alias = (string)payload["alias"]!;
        return (alias, zone.FindByAlias(alias) ?? zone.Create(payload));
    }
}
