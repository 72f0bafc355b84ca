using Lumos.Drivers.Oci;
using Lumos.Zones.Bundle;

namespace Lumos.Zones.Tests;

/// <summary>Zones to test with.</summary>
internal static class Specs
{
    internal static readonly ZoneName Name = ZoneName.Parse("6f1d2c3b-4a59-4e68-8777-86959a4b3c2d");

    internal static ZoneSpec Native => new()
    {
        Name = Name,
        Brand = ZoneBrand.JoyentMinimal,
        ZoneDid = 3,
        ZonePath = "/zones/" + Name,
        Hostname = "web01",
        CpuCap = 150,
        CpuShares = 1024,
        MemoryBytes = 256L << 20,
        SwapBytes = 512L << 20,
        MaxLwps = 2000,
        TmpfsBytes = 64L << 20,
        Nics =
        [
            new ZoneNic
            {
                Interface = "net0", Mac = "02:08:20:0a:0b:0c", NicTag = "admin", Primary = true,
                Ips = ["10.0.0.5/24"], Gateways = ["10.0.0.1"],
            },
        ],
    };

    internal static ZoneSpec Lx => Native with
    {
        Brand = ZoneBrand.Lx,
        CpuCap = null,
        CpuShares = null,
        MemoryBytes = null,
        SwapBytes = null,
        MaxLwps = null,
        TmpfsBytes = 0,
        Mounts = [new ZoneMount("/data", "/mnt/data", "lofs", ["ro", "nosetuid"]), new ZoneMount("swap", "/scratch", "tmpfs", ["size=16m", "noexec"])],
        FsAllowed = ["fuse"],
        Datasets = [Lumos.Drivers.Datasets.DatasetName.Parse($"zones/{Name}/data")],
        Environment = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("TERM", "linux"),
    };

    internal static BundlePlaces Places(bool unified) =>
        new("/run/lumos/zones/ID/root", "/run/lumos/zones/ID/usr", "/run/lumos/zones/ID/zonename", "/run/lumos/zones/ID/control.view",
            "/run/lumos/zones/ID/native", "/run/lumos/zones/ID/userns", "/zones", unified ? OciRuntime.Crun : OciRuntime.Runc,
            BundlePlaces.AllControllers);
}
