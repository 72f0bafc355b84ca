using Lumos.Drivers.Tools;
using Lumos.Machine;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>The contract of datasets, carried into the machine with the runtime it needs and run over the real pool.</summary>
[Collection("02 images")]
public sealed class DatasetContractTests(Suite suite) : LiveTest(suite)
{
    private const string Folder = "/var/tmp/contract";

    [Fact]
    public void ZFS_keeps_the_contract_of_datasets()
    {
        string runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!; // ROOT/shared/Microsoft.NETCore.App/VERSION
        string dotnet = Path.GetFullPath(Path.Combine(runtime, "..", "..", ".."));
        string tests = Directory.EnumerateFiles(Path.Combine(Suite.Checkout.Root, "test", "Lumos.Drivers.Tests", "bin"), "Lumos.Drivers.Tests.dll", SearchOption.AllDirectories)
            .OrderByDescending(File.GetLastWriteTimeUtc).First();
        string archive = Path.Combine(Suite.Checkout.LiveTests, "contract.tar");
        _ = Tool.Run("tar", "-cf", archive, "-C", dotnet, "dotnet", "host", Path.GetRelativePath(dotnet, runtime), "-C", Path.GetDirectoryName(tests)!, ".").OrThrow();
        try
        {
            using var stream = File.OpenRead(archive);
            var unpack = Suite.Main.Qemu.Ssh.Attached(["sh", "-c", $"mkdir -p {Folder} && tar -C {Folder} -xf -"], terminal: false);
            Ok(HostCommand.RunWithFile(unpack, stream, Suite.Patient(60)));
            var run = Suite.Main.Qemu.Ssh.Run(
            [
                "env", "LUMOS_TEST_POOL=zones", $"DOTNET_ROOT={Folder}", $"{Folder}/dotnet", $"{Folder}/Lumos.Drivers.Tests.dll",
                "-trait", "level=machine", "-noLogo", "-noColor",
            ], Suite.Patient(300));
            Assert.Contains("Errors: 0, Failed: 0, Skipped: 0", Ok(run));
        }
        finally
        {
            File.Delete(archive);
            _ = Zone.Run("rm", "-rf", Folder);
        }
    }
}
