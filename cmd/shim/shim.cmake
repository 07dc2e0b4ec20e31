# SPDX-License-Identifier: GPL-2.0-or-later
# The shim: one static executable, by musl where musl-gcc is installed (a resident shim then costs
# some 20 KiB), else by glibc. It is never built with the sanitizers.
find_program(MUSL_GCC musl-gcc)
set(SHIM_FLAGS -std=c11 -Os -g ${STACK_WARNINGS} ${STACK_DEFINES} -I${CMAKE_SOURCE_DIR}
	-fstack-protector-strong -ffunction-sections -fdata-sections)
if(MUSL_GCC)
	set(SHIM_CC ${MUSL_GCC})
	# musl has no kernel headers of its own; the distribution's come after all of musl's.
	list(APPEND SHIM_FLAGS -idirafter /usr/include
		-idirafter /usr/include/${CMAKE_C_LIBRARY_ARCHITECTURE})
else()
	set(SHIM_CC ${CMAKE_C_COMPILER})
endif()
# What the supervisor decides beforehand: the shim gets it in the spec, and has no libseccomp.
list(FILTER SHIM_SOURCES EXCLUDE REGEX
	"core/container/(cgroup|cgroup_.*|devices_cgroup|caps|seccomp|seccomp_.*|signals)\\.c$")
file(GLOB SHIM_HEADERS CONFIGURE_DEPENDS core/base/*.h core/container/*.h cmd/shim/*.h)
set(SHIM_OBJECTS)
foreach(source ${SHIM_SOURCES})
	file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${source})
	string(REPLACE "/" "_" object shim/${name}.o)
	set(object ${CMAKE_BINARY_DIR}/shim-objects/${object})
	add_custom_command(OUTPUT ${object}
		COMMAND ${SHIM_CC} ${SHIM_FLAGS} -c ${source} -o ${object}
		DEPENDS ${source} ${SHIM_HEADERS}
		COMMENT "Building shim object ${name}" VERBATIM)
	list(APPEND SHIM_OBJECTS ${object})
endforeach()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/shim-objects)
# Linked under another name: make would take the program for the target of the same name.
set(SHIM_LINKED ${CMAKE_BINARY_DIR}/shim-objects/stack-shim)
add_custom_command(OUTPUT ${SHIM_LINKED}
	COMMAND ${SHIM_CC} -static -Wl,--gc-sections,-z,relro,-z,now,-z,noexecstack
		-o ${SHIM_LINKED} ${SHIM_OBJECTS}
	COMMAND ${CMAKE_COMMAND} -E copy ${SHIM_LINKED} ${CMAKE_BINARY_DIR}/
	DEPENDS ${SHIM_OBJECTS} COMMENT "Linking stack-shim" VERBATIM)
add_custom_target(stack-shim ALL DEPENDS ${SHIM_LINKED})
