using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Vm.CloudInit;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Payload;

/// <summary>The rules of what a hardware VM is built of, beside its disks (<see cref="DiskRules"/>). Pure.</summary>
public static class HardwareRules
{
    /// <summary>What the image of the disk that boots says where the payload is silent.</summary>
    public static VmSpec FromImages(VmSpec vm, HostFacts host)
    {
        if (vm.Brand == "bhyve" && vm.Text("bootrom") is null)
        {
            vm = vm.With("bootrom", BootImage(vm, host)?.Bootrom ?? "bios");
        }
        var metadata = vm.Properties["internal_metadata"] as JsonObject ?? [];
        if (vm.IsMachine && BootImage(vm, host)?.DataSource == SeedDocuments.NoCloud && !metadata.ContainsKey(SeedDocuments.Key))
        {
            var told = (JsonObject)metadata.DeepClone();
            told[SeedDocuments.Key] = SeedDocuments.NoCloud;
            vm = vm.With("internal_metadata", told);
        }
        return vm;
    }

    public static void Check(VmSpec vm, VmSpec? before, HostFacts host, PayloadReport report)
    {
        if (!vm.IsMachine)
        {
            return;
        }
        if (vm.Text("bootrom") is { } bootrom && bootrom != before?.Text("bootrom"))
        {
            if (host.Firmwares.GetValueOrDefault(bootrom) is { } fault)
            {
                report.AddBadValue("bootrom", fault);
            }
            else if (before is null && BootImage(vm, host) is { Bootrom: { } needed } image && MachineFirmware.Parse(needed) != MachineFirmware.Parse(bootrom))
            {
                report.AddBadValue("bootrom", $"{bootrom} is not what image {image.Uuid} ({image.Name}) boots with: {needed}");
            }
        }
        CheckDisplay(vm, before, host, report);
        foreach (string name in s_options.Where(name => vm.Text(name) is { Length: > 0 } text && text != before?.Text(name)))
        {
            try
            {
                _ = QemuOptions.Parse(vm.Text(name)!);
            }
            catch (LumosException e)
            {
                report.AddBadValue(name, e.Message);
            }
        }
        if (vm.Text("boot") is { Length: > 0 } order && order != before?.Text("boot"))
        {
            try
            {
                _ = BootOptions.Parse(order);
            }
            catch (LumosException e)
            {
                report.AddBadValue("boot", e.Message);
            }
        }
    }

    private static readonly string[] s_options = ["bhyve_extra_opts", "qemu_opts", "qemu_extra_opts"];

    private static void CheckDisplay(VmSpec vm, VmSpec? before, HostFacts host, PayloadReport report)
    {
        if (vm.Text("vnc_password") is { Length: > LongestPassword })
        {
            report.AddBadValue("vnc_password", $"has more than {LongestPassword} characters, of which VNC would look at no more");
        }
        if (vm.Integer("vnc_port") is not { } port || port <= 0 || port == before?.Integer("vnc_port"))
        {
            return;
        }
        if (host.Vms.FirstOrDefault(other => JsonText.Plain(other["uuid"]) != vm.Text("uuid") && new VmSpec(other).Integer("vnc_port") == port) is { } owner)
        {
            report.AddBadValue("vnc_port", $"{port} is that of VM {JsonText.Plain(owner["uuid"])}: give another, or 0 for any that is free");
        }
        else if (host.BusyPorts.Contains((int)port))
        {
            report.AddBadValue("vnc_port", $"{port} is somebody else's, who listens there on this machine: give another, or 0 for any that is free");
        }
    }

    private const int LongestPassword = 8;

    private static ImageFacts? BootImage(VmSpec vm, HostFacts host) =>
        vm.Disks.FirstOrDefault(DiskRules.Boots) is { } disk ? DiskRules.ImageOf(disk, host) : null;
}
