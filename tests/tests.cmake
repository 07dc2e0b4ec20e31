# SPDX-License-Identifier: GPL-2.0-or-later
# Unit tests: tests/unit/<name>_test.c is a program of its own, linked with everything but the
# main programs of cmd/.
find_package(PkgConfig REQUIRED)
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
file(GLOB UNIT_TESTS CONFIGURE_DEPENDS tests/unit/*_test.c)
# The host in memory, which tests of core's own run over.
add_library(fake STATIC tests/unit/fake_driver.c)
target_link_libraries(fake PUBLIC core)
# A supervisor over it, with clients.
add_library(world STATIC tests/unit/world.c)
target_link_libraries(world PUBLIC fake core PkgConfig::CMOCKA)
target_compile_options(world PRIVATE -Wno-unused-parameter)
# A host and its neighbours in namespaces, which tests of net run in.
add_library(netlab STATIC tests/unit/netlab.c)
target_link_libraries(netlab PUBLIC net PkgConfig::CMOCKA)
target_compile_options(netlab PRIVATE -Wno-unused-parameter)
# Stack files in a directory of their own.
add_library(loadlab STATIC tests/unit/loadlab.c)
target_link_libraries(loadlab PUBLIC core PkgConfig::CMOCKA)
target_compile_options(loadlab PRIVATE -Wno-unused-parameter)
foreach(source ${UNIT_TESTS})
	get_filename_component(name ${source} NAME_WE)
	add_executable(${name} ${source})
	target_link_libraries(${name} PRIVATE world fake netlab loadlab cli harden registry import net store core PkgConfig::CMOCKA)
	target_compile_options(${name} PRIVATE -Wno-unused-parameter
		-Wno-missing-field-initializers)
	set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
	add_test(NAME unit/${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
	set_tests_properties(unit/${name} PROPERTIES LABELS unit TIMEOUT 120)
endforeach()

# It takes away what is being looked at.
target_link_options(endpoint_test PRIVATE -Wl,--wrap=link_query)

# Programs that system tests run inside of containers, whatever the image: static, with the shim's compiler
# and flags, each from its tests/probe/<name>*.c.
foreach(name probe bomb attack notify)
	file(GLOB sources CONFIGURE_DEPENDS tests/probe/${name}*.c)
	add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/tests/${name}
		COMMAND ${SHIM_CC} ${SHIM_FLAGS} -static -o ${CMAKE_BINARY_DIR}/tests/${name} ${sources}
		DEPENDS ${sources} tests/probe/probe.h WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
		COMMENT "Building ${name}, for containers" VERBATIM)
	add_custom_target(${name} ALL DEPENDS ${CMAKE_BINARY_DIR}/tests/${name})
endforeach()

foreach(check layers source)
	add_test(NAME source/${check} COMMAND ${CMAKE_SOURCE_DIR}/tests/${check}.sh)
	set_tests_properties(source/${check} PROPERTIES LABELS source TIMEOUT 120)
endforeach()

# System tests: tests/system/<name>.sh, root, each on a machine of its own (lib.sh) and ending in the leak
# check, so they run side by side, the long ones first; those that take all they can get run alone.
# What is about packets runs once more with the rules in nftables, as system/<name>_nft.
set(SYSTEM_LONG killmatrix faults escapes_races)
set(SYSTEM_ALONE bombs hostile)
set(SYSTEM_NFT network isolation external ports rolling heal ipv6)
function(add_system_test test script)
	add_test(NAME system/${test} COMMAND ${script})
	set_tests_properties(system/${test} PROPERTIES LABELS system TIMEOUT 600
		SKIP_RETURN_CODE 77 ENVIRONMENT "STACK_BUILD=${CMAKE_BINARY_DIR};${ARGN}")
endfunction()
file(GLOB SYSTEM_TESTS CONFIGURE_DEPENDS tests/system/*.sh)
foreach(script ${SYSTEM_TESTS})
	get_filename_component(name ${script} NAME_WE)
	if(NOT name STREQUAL "lib")
		add_system_test(${name} ${script})
		if(name IN_LIST SYSTEM_NFT)
			add_system_test(${name}_nft ${script} STACK_FIREWALL=nft)
		endif()
		if(name IN_LIST SYSTEM_LONG)
			set_tests_properties(system/${name} PROPERTIES COST 1000)
		elseif(name IN_LIST SYSTEM_ALONE)
			set_tests_properties(system/${name} PROPERTIES RUN_SERIAL TRUE)
		endif()
	endif()
endforeach()

# Fuzzers: tests/fuzz/<name>_fuzz.c; ctest runs each for a bounded number of inputs.
if(STACK_FUZZ)
	file(GLOB FUZZERS CONFIGURE_DEPENDS tests/fuzz/*_fuzz.c)
	foreach(source ${FUZZERS})
		get_filename_component(name ${source} NAME_WE)
		add_executable(${name} ${source})
		target_link_libraries(${name} PRIVATE cli registry import net store core)
		target_compile_options(${name} PRIVATE -Wno-missing-prototypes
			-Wno-missing-field-initializers)
		target_link_options(${name} PRIVATE -fsanitize=fuzzer)
		set_target_properties(${name} PROPERTIES
			RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
		add_test(NAME fuzz/${name} COMMAND ${name} -runs=20000 -max_total_time=60
			-max_len=4096 -timeout=10)
		set_tests_properties(fuzz/${name} PROPERTIES LABELS fuzz TIMEOUT 120)
	endforeach()
endif()
