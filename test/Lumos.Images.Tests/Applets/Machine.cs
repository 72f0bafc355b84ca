using Lumos.Cli;
using Lumos.Drivers.Datasets;
using Lumos.Images.Applets;
using Lumos.Images.Store;
using Lumos.Testing;

namespace Lumos.Images.Tests.Applets;

/// <summary>A machine for imgadm: a pool in memory, files under a folder of the test's.</summary>
internal sealed class Machine : IDisposable
{
    private readonly TestFolder _folder = new();

    /// <param name="others">Pools beside zones.</param>
    public Machine(params string[] others)
    {
        Datasets = new FakeDatasets(["zones", .. others]);
        Paths = new ImagePaths(_folder.Path);
        Store = new ImageStore(Datasets, Paths);
        Directory.CreateDirectory(Path.GetDirectoryName(Paths.PlatformStamp)!);
        File.WriteAllText(Paths.PlatformStamp, "20261120T104500Z\n");
        Published = _folder.Make("published");
    }

    public FakeDatasets Datasets { get; }

    public ImagePaths Paths { get; }

    public ImageStore Store { get; }

    /// <summary>A folder for an image server.</summary>
    public string Published { get; }

    public string this[string relative] => _folder[relative];

    public Result Imgadm(params string[] words)
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
        return new Result(status, output.ToString(), error.ToString());
    }

    public Result Succeed(params string[] words)
    {
        var result = Imgadm(words);
        Xunit.Assert.True(result.Status == 0, $"status {result.Status}: {result.Error}");
        return result;
    }

    /// <summary>Nothing but the pool itself, no records, no half images.</summary>
    public void AssertEmpty()
    {
        Xunit.Assert.Equal(["zones"], Datasets.List(null, DatasetKinds.All).Select(e => e.Name));
        Xunit.Assert.Empty(Directory.Exists(Paths.Database) ? Directory.GetFiles(Paths.Database) : []);
    }

    public void Dispose() => _folder.Dispose();

    public sealed record Result(int Status, string Out, string Error);
}
