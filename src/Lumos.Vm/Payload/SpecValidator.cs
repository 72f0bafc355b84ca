using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Vm.Properties;
using Lumos.Zones.Bundle;

namespace Lumos.Vm.Payload;

/// <summary>Second pass: a settled configuration against the machine. Every fault goes into the report; nothing is changed.</summary>
public static class SpecValidator
{
    /// <summary>struct utsname holds 65 bytes, the last of them zero.</summary>
    private const int LongestKernelVersion = 64;

    /// <param name="vm">The VM as it is to be.</param>
    /// <param name="before">The VM as it is; null at create.</param>
    /// <param name="host">The machine.</param>
    /// <param name="report">Gets the faults.</param>
    public static void Run(VmSpec vm, VmSpec? before, HostFacts host, PayloadReport report)
    {
        CheckNames(vm, before, report);
        if (before is null)
        {
            CheckPlace(vm, host, report);
            if (!vm.IsMachine)
            {
                CheckImage(vm, host, report);
            }
        }
        DatasetRules.Check(vm, before, host, report);
        DockerRules.Check(vm, before, host, report);
        DiskChecks.Run(vm, before, host, report);
        HardwareRules.Check(vm, before, host, report);
        if (vm.Text("init_name") is { } init && !init.StartsWith('/'))
        {
            report.AddBadValue("init_name", $"\"{init}\" is not an absolute path");
        }
        if (vm.Text("kernel_version") is { Length: > LongestKernelVersion } kernel && kernel != before?.Text("kernel_version"))
        {
            report.AddBadValue("kernel_version", $"is of {kernel.Length} characters; uname has room for {LongestKernelVersion}");
        }
        if (vm.Flag("indestructible_delegated") && !vm.HasData && before?.Flag("indestructible_delegated") != true)
        {
            report.AddBadValue("indestructible_delegated", "protects what was delegated to the VM, which has no such dataset (delegate_dataset)");
        }
        CheckLimits(vm, before, report);
        CheckFilesystems(vm, before, host, report);
        CheckNics(vm, before, host, report);
        CheckRoutes(vm, before, report);
    }

    /// <summary>One or more labels of letters, digits and '-', as RFC 1123 has it.</summary>
    public static bool IsHostName(string name) => name.Length is > 0 and <= 253 && name.Split('.').All(label =>
        label.Length is > 0 and <= 63 && label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
        && label[0] != '-' && label[^1] != '-');

    private static void CheckNames(VmSpec vm, VmSpec? before, PayloadReport report)
    {
        if (vm.Hostname != before?.Hostname && !IsHostName(vm.Hostname))
        {
            report.AddBadValue("hostname", $"\"{vm.Hostname}\" is not a host name");
        }
        if (vm.Text("dns_domain") is { } domain && domain != before?.Text("dns_domain") && !IsHostName(domain))
        {
            report.AddBadValue("dns_domain", $"\"{domain}\" is not a domain name");
        }
        foreach (string resolver in vm.List("resolvers").Where(r => !IpNet.TryParseAddress(r, out _)))
        {
            report.AddBadValue("resolvers", $"\"{resolver}\" is not an IP address");
        }
    }

    private static void CheckPlace(VmSpec vm, HostFacts host, PayloadReport report)
    {
        string uuid = vm.Text("uuid")!;
        if (host.Vms.Any(other => JsonText.Plain(other["uuid"]) == uuid || JsonText.Plain(other["zonename"]) == uuid))
        {
            report.AddFault($"a VM with uuid {uuid} exists already");
        }
        else if (host.RootDatasetExists)
        {
            report.AddFault($"dataset {vm.RootDataset} exists already, and is no VM's: give another uuid");
        }
        if (!host.Pools.Contains(vm.Zpool))
        {
            report.AddBadValue("zpool", $"\"{vm.Zpool}\" is no pool of this machine ({string.Join(", ", host.Pools.Order())})");
        }
    }

    /// <summary>Whether there is an image that a VM of this brand can be cloned from.</summary>
    internal static void CheckImage(VmSpec vm, HostFacts host, PayloadReport report)
    {
        if (vm.ImageUuid is not { } text || !Uuid.TryParse(text, out var uuid))
        {
            return;
        }
        if (host.Image is not { } image || image.Uuid != uuid)
        {
            report.AddBadValue("image_uuid", $"{uuid} is not installed on pool {vm.Zpool}: \"imgadm import {uuid}\" fetches it");
            return;
        }
        var types = BrandTable.ImageTypes(vm.Brand);
        if (!types.Contains(image.Type))
        {
            report.AddBadValue("image_uuid", $"{uuid} ({image.Name}) is of type {image.Type}; brand {vm.Brand} needs {string.Join(" or ", types)}"
                + (image.Type == "lx-dataset" ? " (brand lx takes this one)" : image.Type == "zone-dataset" ? " (brand joyent takes this one)" : ""));
        }
        else if (image.Brand is { } brand && brand != vm.Brand)
        {
            report.AddBadValue("image_uuid", $"{uuid} ({image.Name}) is made for brand {brand}, not {vm.Brand}");
        }
        string memory = BrandTable.IsHvm(vm.Brand) ? "ram" : "max_physical_memory";
        if (vm.Integer(memory) is { } mebibytes && (mebibytes < image.LeastRam || mebibytes > image.MostRam))
        {
            report.AddBadValue(memory, $"image {uuid} ({image.Name}) asks for {(mebibytes < image.LeastRam ? $"at least {image.LeastRam}" : $"at most {image.MostRam}")} MiB; this is {mebibytes}");
        }
    }

    private static void CheckLimits(VmSpec vm, VmSpec? before, PayloadReport report)
    {
        if (!vm.List("limit_priv").SequenceEqual(before?.List("limit_priv") ?? []))
        {
            var set = Privileges.Of(vm.List("limit_priv"));
            foreach (string fault in set.Faults)
            {
                report.AddBadValue("limit_priv", fault);
            }
            foreach (string privilege in set.WithoutEffect)
            {
                report.Adjust("limit_priv", privilege, "nothing", "no capability of Linux that a zone can have stands for it");
            }
        }
        foreach (string type in vm.List("fs_allowed").Except(before?.List("fs_allowed") ?? []).Where(type => !MountableTypes.Possible.Contains(type)))
        {
            report.Adjust("fs_allowed", type, "nothing", $"only the machine's root can mount it on Linux; a zone can {string.Join(", ", MountableTypes.Possible.Order())}");
        }
    }

    private static void CheckFilesystems(VmSpec vm, VmSpec? before, HostFacts host, PayloadReport report)
    {
        var old = (before?.Filesystems ?? []).Select(fs => fs.ToJsonString()).ToHashSet();
        foreach (var twice in vm.Filesystems.GroupBy(fs => JsonText.Plain(fs["target"])).Where(g => g.Count() > 1))
        {
            report.AddBadValue("filesystems.*.target", $"{twice.Key} is given to two file systems");
        }
        foreach (string source in vm.Filesystems.Where(fs => !old.Contains(fs.ToJsonString())).Select(fs => JsonText.Plain(fs["source"])).Distinct())
        {
            if (host.Sources.GetValueOrDefault(source) is { } fault)
            {
                report.AddBadValue("filesystems.*.source", $"{source} {fault}");
            }
        }
    }

    private static void CheckNics(VmSpec vm, VmSpec? before, HostFacts host, PayloadReport report)
    {
        NicConflicts.Within(vm, report);
        foreach (var nic in NicConflicts.NewNics(vm, before))
        {
            CheckTag(nic, host, report);
            foreach (var other in host.Vms.Where(o => JsonText.Plain(o["uuid"]) != vm.Text("uuid")))
            {
                NicConflicts.Between(nic, other, report);
            }
        }
    }

    private static void CheckRoutes(VmSpec vm, VmSpec? before, PayloadReport report)
    {
        bool asBefore = before is not null && !before.Nics.Any() && JsonNode.DeepEquals(before.Properties["routes"], vm.Properties["routes"]);
        int nics = vm.Nics.Count();
        foreach (var (destination, value) in vm.Properties["routes"] as JsonObject ?? [])
        {
            string gateway = JsonText.Plain(value);
            bool throughNic = gateway.StartsWith("nics[", StringComparison.Ordinal) && gateway.EndsWith(']')
                && int.TryParse(gateway.AsSpan(5, gateway.Length - 6), out int index) && index >= 0 && index < nics;
            bool throughMac = gateway.StartsWith("macs[", StringComparison.Ordinal) && gateway.EndsWith(']')
                && MacAddress.TryParse(gateway[5..^1], out var mac) && vm.Nics.Any(n => JsonText.Plain(n["mac"]) == mac.ToString());
            if (!IpNet.TryParse(destination, out _))
            {
                report.AddBadValue("routes", $"\"{destination}\" is not an address or network");
            }
            else if (nics == 0 && !asBefore)
            {
                report.AddBadValue("routes", $"lead to {destination} through {gateway}, and the VM has no NIC");
            }
            else if (!throughNic && !throughMac && !IpNet.TryParseAddress(gateway, out _))
            {
                report.AddBadValue("routes", $"\"{gateway}\" is neither an address, nor nics[N] or macs[MAC] of a NIC of the VM");
            }
        }
    }

    private static void CheckTag(JsonObject nic, HostFacts host, PayloadReport report)
    {
        string tag = JsonText.Plain(nic["nic_tag"]);
        if (tag.Length == 0)
        {
            return;
        }
        if (!host.NicTags.TryGetValue(tag, out var facts))
        {
            string known = host.NicTags.IsEmpty ? "there is none" : string.Join(", ", host.NicTags.Keys.Order());
            report.AddBadValue("nics.*.nic_tag", $"\"{tag}\" is no nic tag of this machine ({known})");
        }
        else
        {
            if (PropertyValue.TryInteger(nic["mtu"], out long mtu) && (mtu > facts.Mtu || mtu < facts.LeastMtu))
            {
                report.AddBadValue("nics.*.mtu", mtu > facts.Mtu
                    ? $"{mtu} is more than nic tag {tag} carries ({facts.Mtu})"
                    : $"{mtu} is less than {facts.LeastMtu}, the least on nic tag {tag}");
            }
            if (PropertyValue.TryInteger(nic["vlan_id"], out long vlan) && vlan > 0 && facts.NoVlans is { } why)
            {
                report.AddBadValue("nics.*.vlan_id", $"{vlan} cannot be set up on nic tag {tag}: {why}");
            }
        }
    }
}
