using Lumos.Cli;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Datasets.Btrfs;
using Lumos.Images.Applets;
using Lumos.Images.Store;
using Xunit;

namespace Lumos.Images.Tests.Files;

/// <summary>imgadm over a real btrfs in a file of its own: file systems are mounted, volumes are devices. Nothing of it is left afterwards.</summary>
public sealed class BtrfsMachine : IDisposable
{
    private readonly TestFolder _folder = new();

    public BtrfsMachine()
    {
        Paths = new ImagePaths(_folder.Path);
        Pool = new BtrfsPool("zones", _folder["pool"], _folder["pool.img"], _folder["dev/zvol"], _ => { });
        Pool.Create(2L << 30);
        Pool.Open(mount: false);
        Pool.Datasets.SetProperties(DatasetName.Parse("zones"), new Dictionary<string, string> { ["mountpoint"] = _folder["zones"] });
        Pool.Datasets.MountAll();
        Store = new ImageStore(Pool.Datasets, Paths);
        Directory.CreateDirectory(Path.GetDirectoryName(Paths.PlatformStamp)!);
        File.WriteAllText(Paths.PlatformStamp, "20261120T104500Z\n");
    }

    public BtrfsPool Pool { get; }

    public ImagePaths Paths { get; }

    public ImageStore Store { get; }

    public string this[string relative] => _folder[relative];

    public (int Status, string Out, string Error) Imgadm(params string[] words)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int status = new ImgadmCommand(
            new AppletContext
            {
                Name = "imgadm",
                Args = words,
                Out = output,
                Error = error,
                InputIsTerminal = () => false,
                OutputIsTerminal = () => false,
                ErrorIsTerminal = () => false,
                Environment = _ => null,
            },
            Store).Run();
        return (status, output.ToString(), error.ToString());
    }

    /// <summary>Installs and says which image it is.</summary>
    public InstalledImage Install(params string[] words)
    {
        var result = Imgadm(["install", "-q", .. words]);
        Assert.True(result.Status == 0, $"status {result.Status}: {result.Error}");
        return Store.List().Single(i => result.Out.Contains(i.Uuid.ToString(), StringComparison.Ordinal));
    }

    /// <summary>What must not be installed, with a message that says so; nothing is left of it.</summary>
    public string Refused(params string[] words)
    {
        var before = All();
        var result = Imgadm(["install", "-q", .. words]);
        Assert.True(result.Status == 1, $"status {result.Status}: {result.Out}{result.Error}");
        Assert.Equal(before, All());
        Assert.Empty(Directory.Exists(Paths.Downloads) ? Directory.GetFileSystemEntries(Paths.Downloads) : []);
        Assert.Empty(Directory.Exists(Paths.Unpacking) ? Directory.GetFileSystemEntries(Paths.Unpacking) : []);
        return result.Error;
    }

    public void Dispose()
    {
        Pool.Close();
        _folder.Dispose();
    }

    private string[] All() => [.. Store.Datasets.List(null, DatasetKinds.All).Select(e => e.Name)];
}
