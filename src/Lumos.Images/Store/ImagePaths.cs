namespace Lumos.Images.Store;

/// <summary>Where images' files are; tests move them all under one folder.</summary>
public sealed record ImagePaths(string Root = "/")
{
    /// <summary>One POOL-UUID.json per installed image.</summary>
    public string Database => At("var/imgadm/images");

    public string Configuration => At("var/imgadm/imgadm.conf");

    /// <summary>Names and passwords for registries.</summary>
    public string RegistryCredentials => At("var/imgadm/auth.json");

    /// <summary>UUID.file, ALGORITHM-DIGITS.blob: what has been downloaded so far.</summary>
    public string Downloads => At("var/tmp/.imgadm-downloads");

    /// <summary>The locks of imports: img.UUID.import.lock.</summary>
    public string Locks => At("run/lumos/locks");

    /// <summary>The zones of this machine; their roots are no images.</summary>
    public string ZoneIndex => At("etc/zones/index");

    /// <summary>The stamp of the platform image that runs.</summary>
    public string PlatformStamp => At("etc/version/platform");

    /// <summary>Holds the name of the pool of images that are imported without a word of one.</summary>
    public string SystemPool => At("run/lumos/system-pool");

    /// <summary>Where a dataset is mounted for a while.</summary>
    public string MountPoint(Lumos.Drivers.Datasets.DatasetName dataset) => At(dataset.Value);

    /// <summary>Where archives are unpacked into datasets; root's alone.</summary>
    public string Unpacking => At("run/lumos/unpack");

    /// <summary>The device of a volume.</summary>
    public string VolumeDevice(Lumos.Drivers.Datasets.DatasetName volume) => At($"dev/zvol/{volume.Value}");

    private string At(string path) => Path.Combine(Root, path);
}
