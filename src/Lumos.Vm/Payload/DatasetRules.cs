using Lumos.Vm.Properties;

namespace Lumos.Vm.Payload;

/// <summary>What is said of a VM's datasets.</summary>
internal static class DatasetRules
{
    internal static void Check(VmSpec vm, VmSpec? before, HostFacts host, PayloadReport report)
    {
        foreach (string name in (string[])["zfs_root_recsize", "zfs_data_recsize"])
        {
            if (vm.Integer(name) is { } size && (size & (size - 1)) != 0)
            {
                report.AddBadValue(name, $"{size} is not a power of two");
            }
        }
        foreach (string name in (string[])["zfs_root_compression", "zfs_data_compression"])
        {
            if (vm.Text(name) is { } compression && !IsCompression(compression))
            {
                report.AddBadValue(name, $"\"{compression}\" {NoCompression}");
            }
        }
        if (vm.List("datasets").Except(before?.List("datasets") ?? []).Any() && host.DelegationFault is { } fault)
        {
            report.AddBadValue(before is null && vm.HasData ? "delegate_dataset" : "datasets", $"no zone can be given a dataset on this machine: {fault}");
        }
        if (vm.HasData)
        {
            return;
        }
        foreach (var row in PropertyTable.Rows.Where(row => row.Store is PropertyStore.DataZfs && vm.Properties[row.Name] is not null))
        {
            report.AddBadValue(row.Name, $"is of the dataset that a VM is given, and this one is given none (\"delegate_dataset\": true at create)");
        }
    }

    internal const string NoCompression = "is not a compression of ZFS (off, on, lz4, zstd, gzip, gzip-1 to gzip-9, zle, lzjb)";

    internal static bool IsCompression(string text) => text is "on" or "off" or "lz4" or "lzjb" or "zle" or "gzip" or "zstd"
        || (text.StartsWith("gzip-", StringComparison.Ordinal) && text.Length == 6 && text[5] is >= '1' and <= '9')
        || (text.StartsWith("zstd-", StringComparison.Ordinal) && int.TryParse(text.AsSpan(5), out int level) && level is >= 1 and <= 19);
}
